//! The project's own programs, run to the kernel's final audit.

use crate::case::Case;

/// Cases of this group.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "yield",
        programs: &["yield", "yield", "yield"],
        required: &[
            "Hello, I am environment $E1.",
            "Back in environment $E1, iteration 4.",
            "All done in environment $E1.",
        ],
        ..Case::BASE
    },
    Case {
        name: "forktrees",
        programs: &["forktrees"],
        required: &["....: I am ''", "....: I am '000'", "....: I am '111'"],
        ..Case::BASE
    },
    Case {
        name: "pingpongs",
        programs: &["pingpongs"],
        required: &[
            "i am $E1; thisenv is ",
            "send 0 from ",
            "[0-9a-f]+ got 0 from ",
            "[0-9a-f]+ got 10 from ",
        ],
        ..Case::BASE
    },
];
