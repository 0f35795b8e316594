//! `yaml/…`: files that are not YAML as Docker Compose reads it, or that ask for too much.

use crate::rules;

rules! {
    SYNTAX = Error "yaml/syntax" "text that is not YAML"
        what "The parser cannot read the file at this place."
        why "Nothing after the place can be trusted, so the file is not used."
        example "services:\n  app:\n    image: @nginx\n"
        fix "Quote values that start with a character YAML uses itself: `@`, `` ` ``, `%`, `&`, `*`, `!`, `|`, `>`.";
    TAB = Error "yaml/tab" "a tab where YAML takes spaces"
        what "A tab indents a line or separates tokens where only spaces may."
        why "YAML forbids tabs in indentation, as their width differs between editors."
        example "services:\n\tapp: {}\n"
        fix "Indent with spaces.";
    UNCLOSED = Error "yaml/unclosed" "a bracket or quote that is never closed"
        what "A `[`, `{` or quote is opened and not closed, or closed by the wrong bracket."
        why "Everything that follows is read as part of it."
        example "services:\n  app:\n    command: [\"run\", \"now\"\n    image: nginx\n"
        fix "Close it where the value ends.";
    COLON = Error "yaml/colon" "a colon and space that do not separate a key from its value"
        what "A value that is not quoted holds `: `, or a line lacks the colon or the space after it."
        why "YAML reads `: ` as the end of a key."
        example "services:\n  app:\n    command: echo status: done\n"
        fix "Quote the value: `command: \"echo status: done\"`.";
    INDENTATION = Error "yaml/indentation" "a line indented unlike its siblings"
        what "The line is indented to no level that is open."
        why "In YAML the indentation alone says what belongs to what."
        example "services:\n  app:\n    image: nginx\n   command: run\n"
        fix "Align the line with its siblings.";
    DUPLICATE_KEY = Error "yaml/duplicate-key" "a key that stands twice in one mapping"
        what "The same mapping holds the key twice."
        why "One of the two values would be lost. Docker Compose refuses it too."
        example "services:\n  app:\n    image: nginx\n    image: httpd\n"
        fix "Keep one. To override a value, use a second file or `extends`.";
    KEY_NOT_TEXT = Error "yaml/key-not-text" "a key that is not text"
        what "The key is a number, a boolean, null, a date or a collection."
        why "Compose takes only text as keys."
        example "services:\n  app:\n    labels: { 1: one }\n"
        fix "Quote the key: `\"1\": one`.";
    UNKNOWN_ANCHOR = Error "yaml/unknown-anchor" "an alias without an anchor"
        what "`*name` repeats the value that `&name` marks earlier in the same file; there is none."
        why "Anchors do not reach into other files."
        example "services:\n  app: *base\n"
        fix "Mark a value with `&base` before the alias, or use `extends` for another file.";
    ALIAS_CYCLE = Error "yaml/alias-cycle" "an alias inside the value it repeats"
        what "The alias stands within the value that its anchor marks."
        why "The value would contain itself without end."
        example "x-base: &base { self: *base }\n"
        fix "Anchor a smaller part, or write the value out.";
    ALIAS_EXPANSION = Error "yaml/alias-expansion" "aliases that multiply the file beyond reason"
        what "Aliases of aliases repeat so much of the file that the result would fill the memory."
        why "A file of a few hundred bytes can otherwise ask for gigabytes."
        example "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\n# ... and so on"
        fix "Write out what is needed.";
    BAD_MERGE = Error "yaml/bad-merge" "a merge key whose value is not a mapping"
        what "`<<` merges mappings into the mapping it stands in; its value is something else."
        why "There is nothing to merge."
        example "services:\n  app:\n    <<: nginx\n"
        fix "Give it `*anchor` of a mapping, or a list of such aliases.";
    BAD_TAG = Error "yaml/bad-tag" "a value that is not of the type its tag names"
        what "A tag such as `!!int` says what the value is, and the value is not that."
        why "Docker Compose refuses it too."
        example "services:\n  app:\n    privileged: !!bool yes\n"
        fix "Delete the tag or correct the value.";
    VERSION = Error "yaml/version" "a version of YAML that Docker Compose refuses"
        what "The file declares a version of YAML other than 1.1."
        why "Docker Compose's parser takes only YAML 1.1 here, so the file would not run locally."
        example "%YAML 1.2\n---\nservices: {}\n"
        fix "Delete the directive.";
    TOO_DEEP = Error "yaml/too-deep" "values nested too deeply"
        what "Lists and mappings are nested more than 255 deep."
        why "No manifest needs it; reading it would cost memory without bound."
        example "a: [[[[[[[[ ... ]]]]]]]]\n"
        fix "Flatten the structure.";
    TOO_LARGE = Error "yaml/too-large" "a file too large to be a manifest"
        what "The file is larger than 64 MiB."
        why "Reading it would cost memory without bound."
        example "a file of 100 MB"
        fix "Split it, and `include` the parts.";
    NOT_TEXT = Error "yaml/not-text" "bytes that are not UTF-8"
        what "The file holds bytes that are neither UTF-8 nor UTF-16 with a byte order mark."
        why "Docker Compose refuses it too."
        example "a file saved as Latin-1"
        fix "Save the file as UTF-8.";
    FORBIDDEN_CHARACTER = Error "yaml/forbidden-character" "a character that may not stand in YAML"
        what "The file holds a control character other than tab and line breaks."
        why "YAML forbids it, and it cannot be seen in most editors."
        example "a file with a NUL byte"
        fix "Delete it, or write it as an escape such as \"\\x01\" in double quotes.";
}
