// Times in the words of the person's language. `now` is an argument.
const kDayMs = 86400000;
const kClock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const kWeekday = new Intl.DateTimeFormat(undefined, { weekday: 'long' });
const kDate = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long' });
const kDateAndYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const kShortDate = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const kFull = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });

export const clockTime = (at) => kClock.format(new Date(at));
export const fullTime = (at) => kFull.format(new Date(at));

export function dayKey(at) {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

export function dayLabel(at, now) {
  if (dayKey(at) === dayKey(now)) return 'Today';
  if (dayKey(at) === dayKey(now - kDayMs)) return 'Yesterday';
  const date = new Date(at);
  if (now - date < 6 * kDayMs) return kWeekday.format(date);
  return (date.getFullYear() === new Date(now).getFullYear() ? kDate : kDateAndYear).format(date);
}

// For a list: the time today, the weekday this week, else the date.
export function shortTime(at, now) {
  if (dayKey(at) === dayKey(now)) return clockTime(at);
  if (dayKey(at) === dayKey(now - kDayMs)) return 'Yesterday';
  const date = new Date(at);
  return (now - date < 6 * kDayMs ? kWeekday : kShortDate).format(date);
}
