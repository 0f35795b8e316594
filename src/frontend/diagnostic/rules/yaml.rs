//! `yaml/…`: files that Docker Compose cannot read as YAML, and files that would exhaust memory.

use crate::rules;

rules! {
    SYNTAX = Error "yaml/syntax" "invalid YAML"
        what "The parser cannot read the file at this position."
        why "Nothing after this position can be trusted, so the file is not used."
        example "services:\n  app:\n    image: @nginx\n"
        fix "Quote values that start with a character YAML reserves: `@`, `` ` ``, `%`, `&`, `*`, `!`, `|`, `>`.";
    TAB = Error "yaml/tab" "tab instead of spaces"
        what "A tab indents a line or separates tokens where only spaces are allowed."
        why "YAML forbids tabs in indentation, because their width differs between editors."
        example "services:\n\tapp: {}\n"
        fix "Indent with spaces.";
    UNCLOSED = Error "yaml/unclosed" "unclosed bracket or quote"
        what "A `[`, `{` or quote is never closed, or the wrong bracket closes it."
        why "Everything after it is read as part of it."
        example "services:\n  app:\n    command: [\"run\", \"now\"\n    image: nginx\n"
        fix "Close it where the value ends.";
    COLON = Error "yaml/colon" "misplaced or missing colon"
        what "An unquoted value contains `: `, or a line lacks the colon or the space after it."
        why "YAML reads `: ` as the end of a key."
        example "services:\n  app:\n    command: echo status: done\n"
        fix "Quote the value: `command: \"echo status: done\"`.";
    INDENTATION = Error "yaml/indentation" "inconsistent indentation"
        what "The line's indentation matches no open level."
        why "In YAML, indentation alone determines the structure."
        example "services:\n  app:\n    image: nginx\n   command: run\n"
        fix "Align the line with its siblings.";
    DUPLICATE_KEY = Error "yaml/duplicate-key" "duplicate key"
        what "The mapping contains the same key twice."
        why "One of the two values would be lost. Docker Compose rejects it too."
        example "services:\n  app:\n    image: nginx\n    image: httpd\n"
        fix "Keep one. To override a value, use a second file or `extends`.";
    KEY_NOT_TEXT = Error "yaml/key-not-text" "key is not a string"
        what "The key is a number, a boolean, null, a date or a collection."
        why "Compose only accepts strings as keys."
        example "services:\n  app:\n    labels: { 1: one }\n"
        fix "Quote the key: `\"1\": one`.";
    UNKNOWN_ANCHOR = Error "yaml/unknown-anchor" "unknown anchor"
        what "`*name` repeats the value that `&name` marks earlier in the same file, and there is no such anchor."
        why "Anchors do not reach into other files."
        example "services:\n  app: *base\n"
        fix "Mark a value with `&base` before the alias, or use `extends` to refer to another file.";
    ALIAS_CYCLE = Error "yaml/alias-cycle" "circular alias"
        what "The alias is inside the value that its anchor marks."
        why "The value would contain itself."
        example "x-base: &base { self: *base }\n"
        fix "Anchor a smaller part, or write the value out.";
    ALIAS_EXPANSION = Error "yaml/alias-expansion" "excessive alias expansion"
        what "Nested aliases repeat so much of the file that the result would exhaust memory."
        why "Otherwise a file of a few hundred bytes could expand to gigabytes."
        example "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\n# ... and so on"
        fix "Write the values out.";
    BAD_MERGE = Error "yaml/bad-merge" "merge key without a mapping"
        what "`<<` merges mappings into the surrounding mapping, but its value is not a mapping."
        why "There is nothing to merge."
        example "services:\n  app:\n    <<: nginx\n"
        fix "Use an `*anchor` of a mapping, or a list of such aliases.";
    BAD_TAG = Error "yaml/bad-tag" "value does not match its tag"
        what "A tag such as `!!int` declares the type of the value, but the value has another type."
        why "Docker Compose rejects it too."
        example "services:\n  app:\n    privileged: !!bool yes\n"
        fix "Delete the tag or correct the value.";
    VERSION = Error "yaml/version" "unsupported YAML version"
        what "The file declares a YAML version other than 1.1."
        why "Docker Compose's parser only accepts YAML 1.1 here, so the file would not run locally."
        example "%YAML 1.2\n---\nservices: {}\n"
        fix "Delete the directive.";
    TOO_DEEP = Error "yaml/too-deep" "excessive nesting"
        what "Lists and mappings are nested more than 255 levels deep."
        why "No real manifest needs that, and reading it would take unbounded memory."
        example "a: [[[[[[[[ ... ]]]]]]]]\n"
        fix "Flatten the structure.";
    TOO_LARGE = Error "yaml/too-large" "file too large"
        what "The file is larger than 64 MiB."
        why "Reading it would take unbounded memory."
        example "a file of 100 MB"
        fix "Split it, and `include` the parts.";
    NOT_TEXT = Error "yaml/not-text" "invalid UTF-8"
        what "The file contains bytes that are neither UTF-8 nor UTF-16 with a byte order mark."
        why "Docker Compose rejects it too."
        example "a file saved as Latin-1"
        fix "Save the file as UTF-8.";
    FORBIDDEN_CHARACTER = Error "yaml/forbidden-character" "forbidden character"
        what "The file contains a control character other than a tab or a line break."
        why "YAML forbids it, and most editors do not show it."
        example "a file with a NUL byte"
        fix "Delete it, or write it as an escape such as \"\\x01\" in double quotes.";
}
