"""The checker sees every kind of bug that we plant, and nothing where there is none."""

import msgspec
import pytest

from hongyan.cli.bench.checker import Verdict, check
from hongyan.cli.bench.observed import Arrivals, Head, Naming, Observed, Sent, Stored, StoredEntry

C = "s:a:b"
IDS = ["a-0", "b-0", "a-1", "b-1", "b-2"]
"""The ids of seqs 1 to 5; the sender is the first letter."""


def clean_run() -> Observed:
    """Ann and Ben talk; each is pushed what the other says, and a marks up to 2 without having read the rest."""
    return Observed(
        sent=[
            Sent(C, "a", ["a-0", "a-1"], ["a-0", "a-1"], [1, 3]),
            Sent(C, "b", ["b-0", "b-1", "b-2"], ["b-0", "b-1", "b-2"], [2, 4, 5]),
        ],
        arrivals=[
            Arrivals(C, "a", "a/1", 0, [(2, 2), (4, 5)], [1, 3]),
            Arrivals(C, "b", "b/1", 0, [(1, 1), (3, 3)], [2, 4, 5]),
        ],
        namings=[Naming(C, [1, 2, 3, 4, 5], list(IDS))],
        stored=[Stored(C, [StoredEntry(seq, name, name[0], countable=True) for seq, name in enumerate(IDS, 1)])],
        heads=[Head(C, "a", 5, 2), Head(C, "b", 5, 0)],
    )


def counts(verdict: Verdict) -> dict[str, int]:
    """The faults that were found."""
    kinds = ("lost", "duplicated", "misordered", "holes", "unread_wrong")
    return {kind: count for kind in kinds if (count := getattr(verdict, kind))}


def stored_as(observed: Observed, *rows: tuple[int, str]) -> None:
    """Plants another store."""
    observed.stored[0].entries = [StoredEntry(seq, name, name[0], countable=True) for seq, name in rows]


def test_a_run_that_kept_every_promise_is_clean() -> None:
    verdict = check(clean_run())
    assert counts(verdict) == {}
    assert verdict.is_clean
    assert verdict.samples == {}


def test_a_receipt_without_a_stored_message_is_a_loss() -> None:
    observed = clean_run()
    observed.sent[1].ids.append("b-3")
    observed.sent[1].receipt_ids.append("b-3")
    observed.sent[1].receipt_seqs.append(6)
    assert counts(check(observed)) == {"lost": 1}


def test_a_message_that_an_online_member_never_got_is_a_loss() -> None:
    observed = clean_run()
    observed.arrivals[0].runs = [(2, 2), (4, 4)]
    verdict = check(observed)
    assert counts(verdict) == {"lost": 1}
    assert "never got s:a:b 5" in verdict.samples["lost"][0]


def test_a_member_that_went_away_is_not_owed_the_rest() -> None:
    observed = clean_run()
    observed.arrivals[0].runs = [(2, 2)]
    observed.arrivals[0].until_end = False
    assert check(observed).is_clean


def test_what_a_sync_told_need_not_be_pushed() -> None:
    observed = clean_run()
    observed.arrivals[0].runs = [(4, 5)]
    observed.arrivals[0].since_seq = 2
    assert check(observed).is_clean


def test_a_pushed_entry_that_is_not_stored_is_a_loss() -> None:
    observed = clean_run()
    observed.arrivals[1].runs.append((6, 7))
    assert counts(check(observed)) == {"lost": 2}


def test_one_id_stored_at_two_seqs_is_a_duplicate() -> None:
    observed = clean_run()
    stored_as(observed, *enumerate([*IDS, "b-2"], 1))
    observed.arrivals[0].runs = [(2, 2), (4, 6)]
    observed.arrivals[1].own_seqs.append(6)
    observed.heads = []
    assert counts(check(observed)) == {"duplicated": 1}


def test_one_entry_pushed_with_two_seqs_is_a_duplicate() -> None:
    observed = clean_run()
    observed.namings[0].seqs.append(6)
    observed.namings[0].ids.append("b-2")
    assert counts(check(observed)) == {"duplicated": 1}


def test_one_seq_given_to_two_messages_is_a_duplicate() -> None:
    observed = clean_run()
    observed.namings.append(Naming(C, [5], ["a-2"]))
    assert counts(check(observed)) == {"duplicated": 1}


def test_a_receipt_that_names_another_seq_than_the_store_is_a_duplicate() -> None:
    observed = clean_run()
    observed.sent[0].receipt_seqs[0] = 2
    assert check(observed).duplicated == 2  # a-0 has two seqs, and seq 2 two ids


def test_a_push_that_comes_twice_is_a_duplicate() -> None:
    observed = clean_run()
    observed.arrivals[0].runs.append((4, 5))
    assert counts(check(observed)) == {"duplicated": 2}


def test_a_push_of_what_had_its_receipt_at_the_same_connection_is_a_duplicate() -> None:
    observed = clean_run()
    observed.arrivals[0].runs = [(2, 5)]
    assert counts(check(observed)) == {"duplicated": 1}


def test_pushes_out_of_order_are_misordered() -> None:
    observed = clean_run()
    observed.arrivals[0].runs = [(4, 5), (2, 2)]
    verdict = check(observed)
    assert counts(verdict) == {"misordered": 1}
    assert verdict.samples["misordered"] == ["a/1 was pushed s:a:b 2 after 5"]


def test_a_senders_messages_stored_in_another_order_are_misordered() -> None:
    observed = clean_run()
    stored_as(observed, (1, "a-1"), (2, "b-0"), (3, "a-0"), (4, "b-1"), (5, "b-2"))
    observed.sent[0].receipt_seqs = [3, 1]
    observed.namings = []
    assert counts(check(observed)) == {"misordered": 1}


def test_a_history_read_out_of_order_is_misordered() -> None:
    observed = clean_run()
    entries = observed.stored[0].entries
    entries[1], entries[2] = entries[2], entries[1]
    assert check(observed).misordered == 1


def test_a_missing_seq_is_a_hole() -> None:
    observed = clean_run()
    stored_as(observed, (1, "a-0"), (2, "b-0"), (3, "a-1"), (4, "b-1"), (6, "b-2"))
    observed.sent[1].receipt_seqs[-1] = 6
    observed.arrivals[0].runs = [(2, 2), (4, 4), (6, 6)]
    observed.arrivals[1].own_seqs[-1] = 6
    observed.namings = []
    observed.heads = []
    assert counts(check(observed)) == {"holes": 1}


def test_a_list_that_shows_another_head_than_the_history_is_a_hole() -> None:
    observed = clean_run()
    observed.heads[0].seq = 7
    assert counts(check(observed)) == {"holes": 2}


@pytest.mark.parametrize(("user", "shown"), [(0, 1), (0, 3), (1, 1)])
def test_an_unread_that_is_not_the_number_of_unread_messages_is_wrong(user: int, shown: int) -> None:
    observed = clean_run()
    observed.heads[user].unread = shown
    assert counts(check(observed)) == {"unread_wrong": 1}


def test_a_mark_moves_what_is_unread() -> None:
    observed = clean_run()
    observed.heads[0] = Head(C, "a", 5, 1, marked_seq=4)
    assert check(observed).is_clean
    observed.heads[0] = Head(C, "a", 5, 2, marked_seq=4)
    assert counts(check(observed)) == {"unread_wrong": 1}


def test_entries_that_do_not_count_are_not_unread() -> None:
    observed = clean_run()
    last = observed.stored[0].entries[-1]
    observed.stored[0].entries[-1] = msgspec.structs.replace(last, countable=False)
    assert counts(check(observed)) == {"unread_wrong": 1}


def test_a_conversation_that_was_lost_whole_is_seen() -> None:
    observed = clean_run()
    observed.stored = []
    verdict = check(observed)
    assert verdict.lost == 15  # five receipts, and ten arrivals as push or receipt
    assert verdict.holes == 10
    assert not verdict.is_clean


def test_only_the_first_of_many_faults_are_told() -> None:
    observed = clean_run()
    observed.sent[0].receipt_ids += [f"a-{n}" for n in range(2, 40)]
    observed.sent[0].receipt_seqs += range(6, 44)
    verdict = check(observed)
    assert verdict.lost == 38
    assert len(verdict.samples["lost"]) == 5
