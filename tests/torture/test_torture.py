#!/usr/bin/env python3
"""test_torture.py - the judge of the fault tests, before it judges anything."""

import os
import subprocess
import tempfile
import unittest

import torture as t

KEY = ('park_land_yuan{park="a"}', 1000)
PLAIN = ('torture_sample{series="a"}', 1000)


class TheLedger(unittest.TestCase):
    def setUp(self):
        self.ledger = t.Ledger()
        for batch in (1, 2, 3):
            self.ledger.send(batch, [(KEY, batch * 10), (PLAIN, batch * 10)])

    def say(self, found, *acked):
        for batch in acked:
            self.ledger.ack(batch)
        return [line.split(":")[0] for line in self.ledger.check(found)]

    def test_is_content_with_what_was_kept(self):
        self.assertEqual(self.say({KEY: [10, 20], PLAIN: [20]}, 1, 2), [])

    def test_takes_a_batch_that_was_kept_without_a_word(self):
        self.assertEqual(self.say({KEY: [10, 20], PLAIN: [20]}, 1), [])

    def test_notices_a_lost_series(self):
        self.assertEqual(self.say({KEY: [10]}, 1), ["lost"])

    def test_notices_a_lost_vintage(self):
        self.assertEqual(self.say({KEY: [20], PLAIN: [20]}, 1, 2), ["lost"])

    def test_notices_a_sample_that_went_back(self):
        self.assertEqual(self.say({KEY: [10, 20], PLAIN: [10]}, 1, 2), ["went back"])

    def test_notices_a_figure_nobody_sent(self):
        self.assertEqual(self.say({KEY: [10, 11], PLAIN: [10]}, 1), ["wrong"])
        self.assertEqual(self.say({KEY: [10], PLAIN: [10], ("x", 1): [10]}), ["wrong"])


class Reading(unittest.TestCase):
    def test_a_dump_is_parsed(self):
        text = 'F a{b="c d"} 5 0000000000000010 1 0 0 0 0 1\nP e -7 0000000000000020\nend 2\n'
        self.assertEqual(t.parse_dump(text), {('a{b="c d"}', 5): [16], ("e", -7): [32]})

    def test_a_dump_that_was_cut_off_is_an_error(self):
        for text in ("", "P e 7 0000000000000020\n", "P e 7 0000000000000020\nend 2\n"):
            with self.assertRaises(t.ReadError):
                t.parse_dump(text)

    def test_an_export_is_parsed(self):
        text = '# TYPE a gauge\na{b="c"} 1.5 -0.25\n# EOF\n'
        self.assertEqual(t.parse_openmetrics(text), {('a{b="c"}', -250): [t.bits_of(1.5)]})


class RemoteWrite(unittest.TestCase):
    def test_a_request_is_encoded(self):
        # By hand after prometheus/prompb: WriteRequest.timeseries 1, labels 1, samples 2.
        want = bytes.fromhex("0a1f" "0a0d" "0a08" + b"__name__".hex() + "1201" + b"a".hex() +
                             "120e" "09000000000000f03f" "10ffffff7f")
        self.assertEqual(t.write_request([({"__name__": "a"}, [(0xfffffff, 1.0)])]),
                         want)

    def test_a_block_is_literals_only(self):
        self.assertEqual(t.snappy(b"abc"), b"\x03" + bytes([0xf4, 2, 0]) + b"abc")
        self.assertEqual(len(t.snappy(b"x" * 70000)), 3 + 2 * 3 + 70000)


class TheInjector(unittest.TestCase):
    """On dd, which writes block by block."""

    def dd(self, *fault, **more):
        with tempfile.TemporaryDirectory() as home:
            report, out = os.path.join(home, "report"), os.path.join(home, "d", "out")
            os.mkdir(os.path.join(home, "d"))
            env = {**os.environ, **t.fault_env(os.path.dirname(out), *fault, report=report, **more)}
            r = subprocess.run(["dd", "if=/dev/zero", "of=" + out, "bs=100", "count=5"], env=env, capture_output=True,
                               text=True)
            with open(report) as f:
                counted = f.read().strip().rsplit(" ", 2)[0]
            return r.returncode, r.stderr, counted, os.path.getsize(out) if os.path.exists(out) else None

    def test_fails_the_third_write(self):
        code, said, counted, size = self.dd("write", "ENOSPC", 3)
        self.assertIn("No space left", said)
        self.assertEqual((code, counted, size), (1, "calls 3 failed 1", 200))

    def test_counts_when_there_is_nothing_to_fail(self):
        self.assertEqual(self.dd("write", "EIO", 9)[2:], ("calls 5 failed 0", 500))

    def test_writes_half(self):
        # dd writes the other half with a sixth call.
        self.assertEqual(self.dd("write", "SHORT", 5)[2:], ("calls 6 failed 1", 500))

    def test_lies(self):
        self.assertEqual(self.dd("write", "LIE", 2, sticky=1)[2:], ("calls 5 failed 4", 100))

    def test_fails_only_while_told_to(self):
        self.assertEqual(self.dd("write", "EIO", 1, sticky=1, switch="/nonexistent")[2:],
                         ("calls 0 failed 0", 500))

    def test_fails_an_open(self):
        code, said, counted, size = self.dd("open", "EMFILE", 1)
        self.assertIn("Too many open files", said)
        self.assertEqual((code, size), (1, None))


class TheDisk(unittest.TestCase):
    """What may be on it, from recordings made by hand."""

    OPEN, WRITE, TRUNCATE, BEGIN, END, RENAME, MKDIR = 1, 2, 3, 7, 8, 10, 14
    CREATED = 1

    def setUp(self):
        self.home = tempfile.TemporaryDirectory()
        self.frames = b""

    def tearDown(self):
        self.home.cleanup()

    def frame(self, kind, handle=0, off=0, data=b"", flags=0, ticket=0):
        self.frames += t.FRAME.pack(t.MAGIC, kind, flags, 1, handle, off, 0, len(data), ticket) + data

    def make(self, name, handle):
        self.frame(self.OPEN, handle, data=name, flags=self.CREATED)

    def sync(self, handle, between=lambda: None):
        self.frame(self.BEGIN, handle, ticket=handle)
        between()
        self.frame(self.END, handle, ticket=handle)

    def sync_root(self):
        self.frame(self.OPEN, 99, flags=4)
        self.sync(99)

    def pictures(self, mode, seeds=60):
        """The different folders that come out, as {path: bytes}."""
        record, seen = os.path.join(self.home.name, "record"), []
        with open(record, "wb") as f:
            f.write(self.frames)
        for seed in range(seeds):
            with tempfile.TemporaryDirectory() as out:
                subprocess.run([t.tool("disk"), "--record", record, "--mode", mode, "--seed", str(seed),
                                "--out", os.path.join(out, "d")], check=True)
                picture = {}
                for folder, _, names in os.walk(os.path.join(out, "d")):
                    for name in names:
                        path = os.path.join(folder, name)
                        with open(path, "rb") as f:
                            picture[os.path.relpath(path, os.path.join(out, "d"))] = f.read()
                if picture not in seen:
                    seen.append(picture)
        return seen

    def test_what_was_synced_is_always_there(self):
        self.make(b"a", 1)
        self.frame(self.WRITE, 1, 0, b"x" * 600)
        self.sync(1)
        self.sync_root()
        for mode in ("none", "random", "torn", "all"):
            self.assertEqual(self.pictures(mode), [{"a": b"x" * 600}])

    def test_a_name_needs_a_sync_of_its_folder(self):
        self.make(b"a", 1)
        self.frame(self.WRITE, 1, 0, b"x")
        self.sync(1)
        self.assertEqual(self.pictures("none"), [{}])
        self.assertEqual(len(self.pictures("random")), 2)

    def test_a_write_while_the_disk_syncs_is_not_covered(self):
        self.make(b"a", 1)
        self.sync_root()
        self.frame(self.WRITE, 1, 0, b"x")
        self.sync(1, lambda: self.frame(self.WRITE, 1, 1, b"y"))
        self.assertEqual(self.pictures("none"), [{"a": b"x"}])
        self.assertEqual(self.pictures("all"), [{"a": b"xy"}])

    def test_sectors_are_torn_one_by_one_and_the_size_may_come_first(self):
        self.make(b"a", 1)
        self.sync_root()
        self.frame(self.WRITE, 1, 0, b"x" * 1024)
        zero, one = b"\0" * 512, b"x" * 512
        whole = [{"a": b""}, {"a": zero + zero}, {"a": one + one}]
        torn = whole + [{"a": zero + one}, {"a": one + zero}]
        self.assertCountEqual(self.pictures("random"), whole)
        self.assertCountEqual(self.pictures("torn", 150), torn)

    def test_what_was_cut_off_does_not_come_back(self):
        self.make(b"a", 1)
        self.frame(self.WRITE, 1, 0, b"x" * 1024)
        self.sync(1)
        self.sync_root()
        self.frame(self.TRUNCATE, 1, 0)
        self.frame(self.TRUNCATE, 1, 1024)
        self.assertCountEqual(self.pictures("torn"), [{"a": b"x" * 1024}, {"a": b""}, {"a": b"\0" * 1024}])

    def test_a_later_state_of_a_sector_has_the_earlier_ones(self):
        self.make(b"a", 1)
        self.frame(self.WRITE, 1, 0, b"...")
        self.sync(1)
        self.sync_root()
        self.frame(self.WRITE, 1, 0, b"x")
        self.frame(self.WRITE, 1, 1, b"y")
        self.assertCountEqual(self.pictures("torn"), [{"a": b"..."}, {"a": b"x.."}, {"a": b"xy."}])

    def test_names_keep_their_order_in_a_folder(self):
        self.make(b"a", 1)
        self.make(b"b", 2)
        self.frame(self.RENAME, data=b"a\0c")
        self.assertCountEqual(self.pictures("random"),
                              [{}, {"a": b""}, {"a": b"", "b": b""}, {"b": b"", "c": b""}])

    def test_a_rename_between_folders_is_in_both_or_in_neither(self):
        self.frame(self.MKDIR, data=b"d")
        self.make(b"a", 1)
        self.sync_root()
        self.frame(self.RENAME, data=b"a\0d/a")
        self.assertCountEqual(self.pictures("random"), [{"a": b""}, {"d/a": b""}])


if __name__ == "__main__":
    unittest.main()
