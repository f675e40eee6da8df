//! The lock order: every class of locks, outermost first, with reasons.
//!
//! This table is the declaration. The checker reads it (`order/rules.rs`), reports quote it, and
//! the table in `locking-notes.md` is compared with it by a test. A CPU that holds a lock may take
//! locks of later classes only; two of one class only as [`Pairs`] says.
//!
//! Why an order helps: CPUs that wait for each other in a circle would need at least one of them to
//! wait for a lock that comes before one it holds. Nobody does, so there is no circle.

use core::fmt;

/// The classes of locks, outermost first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Rank {
    /// One per CPU: the free env slots it keeps at hand.
    SlotCache,
    /// One: the list of free env slots and the ids given to them.
    EnvTable,
    /// One per env: its status, parent, page-fault upcall and death.
    EnvLife,
    /// One per env: its mailbox.
    EnvIpc,
    /// One per env: its page directory and page tables.
    EnvVm,
    /// One per CPU: which envs are queued for it.
    RunQueue,
    /// One per CPU: the free frames it keeps at hand.
    FrameCache,
    /// One: the global list of free frames.
    PageAllocator,
    /// One: the output line and the input ring. A leaf.
    Console,
}

/// How two locks of one class may be held at once: never, or the smaller key first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pairs {
    /// One at a time.
    Never,
    /// By the index of the env's slot.
    BySlot,
    /// By the number of the CPU.
    ByCpu,
}

/// One class of locks, in words.
#[derive(Debug)]
struct Class {
    rank: Rank,
    name: &'static str,
    protects: &'static str,
    reason: &'static str,
    pairs: Pairs,
}

/// Why the locks of class `outer` are taken before those of class `inner`, the next in the order.
#[derive(Debug)]
pub struct Edge {
    /// The class that is taken first.
    pub outer: Rank,
    /// The class that may be taken while `outer` is held.
    pub inner: Rank,
    /// Why it is this way round.
    pub why: &'static str,
}

const CLASSES: [Class; 9] = [
    Class {
        rank: Rank::SlotCache,
        name: "slot cache",
        protects: "the free env slots one CPU keeps at hand",
        reason: "making or freeing an env starts here, with nothing held",
        pairs: Pairs::Never,
    },
    Class {
        rank: Rank::EnvTable,
        name: "env table",
        protects: "the list of free env slots, and ids",
        reason: "a slot has to be found before there is an env to lock",
        pairs: Pairs::Never,
    },
    Class {
        rank: Rank::EnvLife,
        name: "env life",
        protects: "an env's status, parent, page-fault upcall and death",
        reason: "whether an env is alive is asked before anything is done to it",
        pairs: Pairs::BySlot,
    },
    Class {
        rank: Rank::EnvIpc,
        name: "env ipc",
        protects: "an env's mailbox: receiving, value, sender, page, who waits to send",
        reason: "a message is delivered to an env known to be alive, and may carry a page",
        pairs: Pairs::BySlot,
    },
    Class {
        rank: Rank::EnvVm,
        name: "env vm",
        protects: "an env's page directory and page tables",
        reason: "mapping is the last step of death and of delivery, and needs frames",
        pairs: Pairs::BySlot,
    },
    Class {
        rank: Rank::RunQueue,
        name: "run queue",
        protects: "which envs are queued for one CPU",
        reason: "an env is queued when everything else about it has been decided",
        pairs: Pairs::ByCpu,
    },
    Class {
        rank: Rank::FrameCache,
        name: "frame cache",
        protects: "the free frames one CPU keeps at hand",
        reason: "any kernel path may need a frame, whatever it holds",
        pairs: Pairs::Never,
    },
    Class {
        rank: Rank::PageAllocator,
        name: "page allocator",
        protects: "the global list of free frames",
        reason: "it is asked only by a cache that is empty or full",
        pairs: Pairs::Never,
    },
    Class {
        rank: Rank::Console,
        name: "console",
        protects: "the output line and the input ring",
        reason: "any kernel path may print, whatever it holds",
        pairs: Pairs::Never,
    },
];

/// The order, step by step. A class comes before another if a chain of these steps leads there.
pub const EDGES: [Edge; 8] = [
    Edge { outer: Rank::SlotCache, inner: Rank::EnvTable, why: "an empty cache of slots is refilled from the table" },
    Edge {
        outer: Rank::EnvTable,
        inner: Rank::EnvLife,
        why: "a slot leaves or joins the table in one step with its env's birth or death",
    },
    Edge {
        outer: Rank::EnvLife,
        inner: Rank::EnvIpc,
        why: "a dying env closes its mailbox, and only a living one gets mail",
    },
    Edge { outer: Rank::EnvIpc, inner: Rank::EnvVm, why: "a message and the page it carries arrive in one step" },
    Edge {
        outer: Rank::EnvVm,
        inner: Rank::RunQueue,
        why: "an env is made runnable as the last step of changing it, while it is still locked",
    },
    Edge {
        outer: Rank::RunQueue,
        inner: Rank::FrameCache,
        why: "frames know nothing of envs, so their locks are inside all locks that do",
    },
    Edge {
        outer: Rank::FrameCache,
        inner: Rank::PageAllocator,
        why: "an empty cache of frames is refilled from the global list",
    },
    Edge {
        outer: Rank::PageAllocator,
        inner: Rank::Console,
        why: "the console is a leaf: everybody prints, and printing needs nobody",
    },
];

impl Rank {
    /// Every class, outermost first.
    pub const ALL: [Self; CLASSES.len()] = {
        let mut all = [Self::SlotCache; CLASSES.len()];
        let mut i = 0;
        while i < all.len() {
            all[i] = CLASSES[i].rank;
            assert!(all[i] as usize == i, "CLASSES must list every Rank in its order");
            assert!(
                i == 0 || EDGES[i - 1].outer as usize == i - 1 && EDGES[i - 1].inner as usize == i,
                "EDGES must have one step between each class and the next"
            );
            i += 1;
        }
        all
    };

    /// The class in words, as reports and notes call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.class().name
    }

    /// What a lock of this class protects.
    #[must_use]
    pub const fn protects(self) -> &'static str {
        self.class().protects
    }

    /// Why the class has this place in the order.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        self.class().reason
    }

    /// How two locks of this class may be held at once.
    #[must_use]
    pub const fn pairs(self) -> Pairs {
        self.class().pairs
    }

    /// Whether nothing may be taken while a lock of this class is held: it is the innermost one.
    #[must_use]
    pub const fn is_leaf(self) -> bool {
        self as usize == Self::ALL.len() - 1
    }

    const fn class(self) -> &'static Class {
        &CLASSES[self as usize]
    }
}

impl Pairs {
    /// The rule in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::BySlot => "by slot index",
            Self::ByCpu => "by CPU number",
        }
    }
}

/// Writes the order as the table that `locking-notes.md` contains.
///
/// # Errors
/// Only what `f` itself returns.
pub fn markdown_table(f: &mut impl fmt::Write) -> fmt::Result {
    writeln!(f, "| rank | class | protects | two at once | why it is here |")?;
    writeln!(f, "|---|---|---|---|---|")?;
    for (i, rank) in Rank::ALL.iter().enumerate() {
        let pairs = if rank.is_leaf() { "never (leaf)" } else { rank.pairs().name() };
        let (name, protects, reason) = (rank.name(), rank.protects(), rank.reason());
        writeln!(f, "| {} | {name} | {protects} | {pairs} | {reason} |", i + 1)?;
    }
    Ok(())
}
