"""How long people waited: per fault, the longest time from a send (or from the fault, if that came later) to its first ack."""


def longest_wait(history, begin, end):
    first_try, first_ack = {}, {}
    for one in history.tries:
        first_try.setdefault(one.key, one.at)
    for ack in history.acks():
        first_ack[ack.key] = min(ack.at, first_ack.get(ack.key, ack.at))
    waits = [first_ack[key] - max(tried, begin) for key, tried in first_try.items()
             if key in first_ack and tried < end and first_ack[key] > begin]
    return max(waits, default=0.0)
