"""The list of functions and constants by which a release is linked holds nothing that differs between machines."""

import re
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benches"))
import order  # noqa: E402


class Patterns(unittest.TestCase):
    def test_hashes_of_crates_and_places_in_the_symbol_vary(self):
        symbol = "_RINvMNtCs2353gUId5J1_12tranship_app9key_pathsNtB3_8KeyPaths4pathReECsjmd7FkHNLsS_16tranship_targets"
        self.assertEqual(order.pattern(symbol), "_RINvMNtCs*_12tranship_app9key_pathsNtB*_8KeyPaths4pathReECs*_16tranship_targets")

    def test_names_are_kept_whatever_they_begin_with(self):
        # A name with an underscore or a digit at its start is parted from its length by one more underscore.
        self.assertEqual(order.pattern("_RNvC3_Cs1_9Beanstalk"), "_RNvC3_Cs1_9Beanstalk")
        self.assertEqual(order.pattern("_RNvNtCs1a_3abc2__x5B1_yz"), "_RNvNtCs*_3abc2__x5B1_yz")

    def test_what_stands_behind_a_name_that_several_have_is_left_out(self):
        self.assertEqual(order.pattern("_RNvCs1a_1x.1607"), "_RNvCs*_1x")
        self.assertEqual(order.pattern("do_library_init.constprop.0"), "do_library_init")

    def test_numbers_in_a_name_of_c_vary(self):
        self.assertEqual(order.pattern("aws_lc_0_47_0_OPENSSL_cpuid_setup"), "aws_lc_*_*_*_OPENSSL_cpuid_setup")

    def test_constants_are_kept(self):
        self.assertEqual(order.pattern("_RINvCs1a_1xNtB2_1yKj1f_E"), "_RINvCs*_1xNtB*_1yKj1f_E")

    def test_a_constant_without_a_name_stays_as_the_compiler_calls_it(self):
        self.assertEqual(order.pattern(".Lanon.4d99ce458bd5cd87.4"), ".Lanon.4d99ce458bd5cd87.4")

    def test_a_constant_is_where_the_linker_has_put_it(self):
        linked = (
            "             VMA              LMA     Size Align Out     In      Symbol\n"
            "          204000           204000   25c628  4096 .rodata\n"
            "          204010           204010       10     4         /t/x.o:(.rodata.unlikely._RNvCs1_1x4TABLE)\n"
            "          204020           204020        8     8         /t/x.o:(.rodata..Lanon.ab.3)\n"
            "          204028           204028        0     8         /t/x.o:(.rodata._RNvCs1_1x5EMPTY)\n"
            "          204030           204030        4     1         <internal>:(.rodata.str1.1)\n"
            "          304000           304000        4     1         /t/x.o:(.text._RNvCs1_1x4main)\n"
        )
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "program.map").write_text(linked)
            constants = order.Constants(Path(folder, "program"))
        found = [constants.at(address) for address in (0x20400f, 0x204010, 0x20401f, 0x204020, 0x204028, 0x204030, 0x304000)]
        table = "_RNvCs1_1x4TABLE"
        self.assertEqual(found, [None, table, table, ".Lanon.ab.3", None, "str1.1", None])

    def test_an_instruction_belongs_to_the_function_around_it(self):
        functions = order.Functions.__new__(order.Functions)
        functions.ends, functions.starts = {0x10: 0x18, 0x20: 0x21}, [0x10, 0x20]
        found = [functions.start_of(address) for address in (0xf, 0x10, 0x17, 0x18, 0x20, 0x21)]
        self.assertEqual(found, [None, 0x10, 0x10, None, 0x20, None])

    def test_addresses_are_absolute_or_relative_to_the_last(self):
        profile = type("Profile", (), {"read_text": lambda self: "fn=(1) a\n0x100 5 1\n+4 5 1\ncalls=1 0x900 7\n* 5 20\n-8 5 1\n"})()
        functions = order.Functions.__new__(order.Functions)
        self.assertEqual(list(functions.addresses(profile)), [0x100, 0x104, 0x104, 0xfc])


class FunctionOrder(unittest.TestCase):
    def test_the_list_is_what_the_tool_writes(self):
        text = order.ORDER.read_text()
        self.assertTrue(text.startswith(order.HEAD))
        self.assertEqual(re.findall(r"^# (.*)$", text[len(order.HEAD):], re.MULTILINE), list(order.GROUPS))
        patterns = [line for line in text.splitlines() if line and not line.startswith("#")]
        self.assertEqual(len(patterns), len(set(patterns)), "a function stands in one group")
        self.assertEqual([one for one in patterns if order.pattern(one.replace("Cs*_", "Cs1_").replace("B*_", "B1_")) != one], [])

    def test_every_room_of_a_compile_is_in_it(self):
        text = order.ORDER.read_text()
        for room in ("frontend", "app", "facts", "cloudformation", "targets"):
            self.assertIn(f"tranship_{room}", text)


if __name__ == "__main__":
    unittest.main()
