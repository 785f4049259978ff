"""The checks on made-up histories: silent about a good one, and each bad one gets a sentence that says who, what and where."""
import unittest

import made_up
from history import Event, Head, Key, Reading, Row, Try
from made_up import ADDED, GROUP, PAIR, REMOVED, ack, good, shown, stored
from verdict import judge, report


class Checks(unittest.TestCase):
    def setUp(self):
        self.history = good()
        self.phone, self.laptop, self.first, self.second, self.eve = self.history.connections

    def finds(self, invariant, *words):
        findings = judge(self.history)
        sentences = [f.sentence for f in findings if f.invariant == invariant]
        self.assertTrue(any(all(word in s for word in words) for s in sentences), report(findings) or "nothing was found")
        return findings

    def test_a_good_history_is_good(self):
        self.assertEqual([], judge(self.history), report(judge(self.history)))

    # ---- I1
    def test_acknowledged_and_not_stored(self):
        del self.history.stored[PAIR][3]
        self.finds("I1 durable", "p4 of bob in the pair", "acknowledged to bob/phone as seq 4", "no such message")

    def test_acknowledged_as_something_else(self):
        self.history.stored[PAIR][3] = self.history.stored[PAIR][3]._replace(message_id="ID-other")
        self.finds("I1 durable", "p4 of bob in the pair", "ID-other")

    def test_shown_and_not_stored(self):
        phantom = stored(PAIR, 5, "B", "p5")
        self.phone.events.append(shown(phantom, 55.0))
        self.finds("I1 durable", "ann/phone (connection 1) was shown message p5 of bob", "no such message")

    # ---- I2
    def test_stored_twice(self):
        self.history.stored[PAIR].append(stored(PAIR, 5, "A", "p1"))
        self.finds("I2 once", "p1 of ann is there 2 times in the pair: seqs [1, 5]")

    def test_stored_twice_in_two_shards(self):
        self.history.rows.append(Row("shard-1", True, self.history.stored[PAIR][0]))
        self.finds("I2 once", "p1 of ann is there 2 times in the pair")

    def test_a_key_against_repeats_is_missing(self):
        self.history.heads[0] = Head("shard-0", True, PAIR, 4, 4, 3)
        self.finds("I2 once", "shard-0 has 4 messages of the pair but 3 keys")

    def test_a_repeat_gets_another_answer(self):
        self.history.answers.append(ack(self.history.stored[PAIR][0]._replace(seq=2), 52.0, "REST", duplicate=True))
        self.finds("I2 once", "p1 of ann in the pair", "ann/phone as seq 1", "again to REST as seq 2")

    def test_a_repeats_content_is_stored(self):
        self.history.stored[PAIR][0] = self.history.stored[PAIR][0]._replace(content="other words")
        self.finds("I2 once", "p1 of ann is seq 1 of the pair", "'other words'", "only a later repeat")

    def test_nobody_sent_it(self):
        self.history.stored[PAIR].append(stored(PAIR, 5, "B", "p5"))
        self.finds("I2 once", "p5 of bob is seq 5 of the pair, but nobody sent it")

    def test_a_repeat_is_refused_after_the_removal(self):
        repeat = self.history.answers[-1]
        self.history.answers[-1] = repeat._replace(kind="refused", code="not_found")
        self.finds("I2 once", "g2 of eve in the group", "repeat on eve/phone was refused with not_found")

    # ---- I3
    def test_a_hole_in_seq(self):
        self.history.stored[PAIR][3] = self.history.stored[PAIR][3]._replace(seq=5)
        self.finds("I3 order", "the pair has seq 5 (message p4 of bob) where seq 4 belongs")

    def test_ids_that_do_not_ascend(self):
        rows = self.history.stored[PAIR]
        rows[1], rows[2] = rows[1]._replace(message_id=rows[2].message_id), rows[2]._replace(message_id=rows[1].message_id)
        self.finds("I3 order", "in the pair", "from seq 2", "to seq 3")

    def test_two_swapped_for_one_device(self):
        events = self.laptop.events
        events[0], events[1] = (events[0]._replace(seq=2, rev=2), events[1]._replace(seq=1, rev=1))
        self.finds("I3 order", "ann/laptop (connection 2) was shown message p1 of ann as seq 2", "of the pair", "has p2 there")

    def test_the_head_is_ahead_of_the_messages(self):
        self.history.heads[1] = Head("shard-1", True, GROUP, 5, 5, 4)
        self.finds("I3 order", "shard-1 says that the group is at seq 5, rev 5, but holds 4")

    # ---- I4
    def test_a_gap_on_a_connection(self):
        del self.phone.events[2]
        self.finds("I4 complete", "ann/phone (connection 1) was shown rev 4 (message p4) right after rev 2: it missed 1 of the "
                                  "pair")

    def test_out_of_order_on_a_connection(self):
        events = self.phone.events
        events[1], events[2] = events[2], events[1]
        self.finds("I4 complete", "ann/phone (connection 1) was shown rev 2 (message p2) after rev 3 of the pair")

    def test_the_same_twice_without_a_sync(self):
        self.phone.events.append(self.phone.events[-1])
        self.finds("I4 complete", "ann/phone (connection 1) was shown rev 4 (message g4) after rev 4 of the group")

    def test_the_last_one_never_came(self):
        del self.laptop.events[-1]
        self.finds("I4 complete", "ann/laptop (connection 2) was shown rev 3 of the group at last, but rev 4 was sent")

    def test_a_sync_that_skips_one(self):
        self.second.events = [e for e in self.second.events if not (e.kind == "message" and e.seq == 3)]
        self.finds("I4 complete", "bob/phone (connection 4) synced from rev 2 to rev 3 and was not shown revs [3] of the pair")

    def test_a_sync_that_answers_late(self):
        self.second.events[1] = self.second.events[1]._replace(at=17.0)
        self.second.events[3] = self.second.events[3]._replace(at=17.2, revs={PAIR: 2, GROUP: 0})
        self.finds("I4 complete", "bob/phone (connection 4) synced from rev 2 and was told that rev 2 is the last, after rev 3",
                   "of the pair")

    def test_a_sync_that_forgets_a_conversation(self):
        self.second.events[3] = self.second.events[3]._replace(revs={GROUP: 0})
        self.finds("I4 complete", "bob/phone (connection 4) asked to sync from rev 2 and got no answer", "the pair")

    def test_a_device_that_missed_one_between_two_connections(self):
        self.first.events.pop()
        self.second.events[1] = self.second.events[1]._replace(revs={PAIR: 2, GROUP: 0})
        self.finds("I4 complete", "bob/phone was never shown 1 of 4 changes of the pair", "rev 2, message p2 of bob")

    def test_a_removal_may_interrupt_without_a_word(self):
        self.eve.events = [e for e in self.eve.events if e.kind == "message"]
        self.assertEqual([], judge(self.history), report(judge(self.history)))

    def test_two_syncs_at_once_repeat_twice(self):
        m = self.history.stored[PAIR][2]
        self.second.events[4:4] = [Event(16.5, "sync", revs={PAIR: 2}), Event(16.6, "sync", revs={PAIR: 2}), shown(m, 16.7),
                                   Event(16.8, "sync.done", revs={PAIR: 3}), shown(m, 16.9),
                                   Event(17.0, "sync.done", revs={PAIR: 3})]
        self.assertEqual([], judge(self.history), report(judge(self.history)))
        self.second.events.insert(9, shown(m, 16.95))
        self.finds("I4 complete", "bob/phone (connection 4) was shown rev 3 (message p3) after rev 3 of the pair")

    # ---- I6
    def test_shown_after_the_removal(self):
        self.eve.events.insert(3, shown(self.history.stored[GROUP][2], 35.3))
        self.finds("I6 members only", "eve/phone (connection 5) of eve was shown seq 3 of the group (message g3 of bob)",
                   "after it was told of the removal")

    def test_shown_after_the_removal_that_was_not_told(self):
        self.eve.events[2] = shown(self.history.stored[GROUP][2], 35.3)
        self.finds("I6 members only", "eve/phone (connection 5) of eve was shown seq 3 of the group (message g3 of bob)",
                   "was not a member since it was sent")

    def test_a_removed_member_sends(self):
        key = Key(GROUP, "E", "g5")
        self.history.tries.append(Try(key, "g5 says hello", 33.0, "eve/phone"))
        self.history.stored[GROUP].append(stored(GROUP, 5, "E", "g5"))
        self.history.answers.append(ack(self.history.stored[GROUP][4], 33.0, "eve/phone"))
        self.finds("I6 members only", "g5 of eve in the group was accepted on eve/phone as seq 5", "no member")

    def test_a_member_is_turned_away(self):
        self.history.answers.append(made_up.Answer(Key(PAIR, "B", "p9"), "refused", 50.0, 50.5, "bob/phone", "not_found"))
        self.finds("I6 members only", "p9 of bob in the pair was refused on bob/phone with not_found", "is a member")

    def test_a_removed_member_syncs(self):
        self.eve.events[3:3] = [Event(34.0, "sync", revs={GROUP: 2}), Event(34.5, "sync.done", revs={GROUP: 3})]
        self.finds("I6 members only", "eve/phone (connection 5) of eve got a sync of the group")

    def test_a_removed_member_reads(self):
        self.history.readings.append(Reading(GROUP, "E", REMOVED + 2, ADDED - 2, 200))
        self.finds("I6 members only", "eve read the group over REST and is no member")

    def test_a_member_may_not_read(self):
        self.history.readings.append(Reading(GROUP, "E", ADDED + 2, ADDED + 3, 404))
        self.finds("I6 members only", "eve read the group over REST, was answered 404 and is a member")

    # ---- all
    def test_a_send_that_is_never_answered(self):
        self.history.unanswered.append("message p9 of bob in the pair was tried until the end and never answered")
        self.finds("answered", "p9 of bob in the pair")


if __name__ == "__main__":
    unittest.main()
