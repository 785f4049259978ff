// How long to wait before the next try. Pure: randomness (0…1) is an argument.
export const kFirstWaitMs = 1000;
export const kLongestWaitMs = 30000;

// Doubles from 1 s to 30 s; half of it is jitter, so that many clients of one dead gateway do not come back together.
export function retryWaitMs(attempt, random) {
  const ceiling = Math.min(kLongestWaitMs, kFirstWaitMs * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
