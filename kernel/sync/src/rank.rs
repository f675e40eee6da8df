//! The lock order: every class of locks, which may be taken inside which, and why.
//!
//! This file is the declaration, and the only one. It is a partial order: [`EDGES`] says what the kernel needs, and what
//! follows from them by chains is allowed; all else is not. `rank/dag.rs` makes the tables for the checker from it while
//! compiling (a circle does not compile), `rank/text.rs` the table in `locking-notes.md` and the picture.
//!
//! Why an order helps: CPUs that wait for each other in a circle would need at least one of them to
//! wait for a lock that comes before one it holds. Nobody does, so there is no circle.

mod dag;
mod text;

pub use dag::{Edge, Order, Set, allow, edge};
pub use text::{dot, markdown_table};

/// The classes of locks, and of waits that are no locks. Outer ones first.
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
    /// One per CPU, and no lock: the answer that another CPU waits for. Waiting for it is like taking it; a CPU in user
    /// mode, which others may wait for, is like its holder.
    CpuAnswer,
}

/// How two locks of one class may be held at once: never, or the smaller key first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pairs {
    /// One at a time.
    Never,
    /// By the index of the env's slot.
    BySlot,
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

const CLASSES: [Class; 10] = [
    Class {
        rank: Rank::SlotCache,
        name: "slot cache",
        protects: "the free env slots one CPU keeps at hand",
        reason: "making or freeing an env starts and ends here, with nothing else held",
        pairs: Pairs::Never,
    },
    Class {
        rank: Rank::EnvTable,
        name: "env table",
        protects: "the list of free env slots",
        reason: "it is asked only by a cache that is empty or full",
        pairs: Pairs::Never,
    },
    Class {
        rank: Rank::EnvLife,
        name: "env life",
        protects: "an env's status, parent, page-fault upcall and death",
        reason: "whether an env is alive is asked before anything is done to it",
        pairs: Pairs::Never,
    },
    Class {
        rank: Rank::EnvIpc,
        name: "env ipc",
        protects: "an env's mailbox: receiving, value, sender, page, who waits to send",
        reason: "a message is delivered to an env known to be alive, and may carry a page",
        pairs: Pairs::Never,
    },
    Class {
        rank: Rank::EnvVm,
        name: "env vm",
        protects: "an env's page directory and page tables",
        reason: "mapping is the last step of delivery, and needs frames",
        pairs: Pairs::BySlot,
    },
    Class {
        rank: Rank::RunQueue,
        name: "run queue",
        protects: "which envs are queued for one CPU",
        reason: "an env is queued when everything else about it has been decided",
        pairs: Pairs::Never,
    },
    Class {
        rank: Rank::FrameCache,
        name: "frame cache",
        protects: "the free frames one CPU keeps at hand",
        reason: "frames know nothing of envs, so their locks are inside those that do",
        pairs: Pairs::Never,
    },
    Class {
        rank: Rank::PageAllocator,
        name: "page allocator",
        protects: "the global list of free frames",
        reason: "only a cache that is empty or full asks for it",
        pairs: Pairs::Never,
    },
    Class {
        rank: Rank::Console,
        name: "console",
        protects: "the output line and the input ring",
        reason: "any kernel path may print, whatever it holds; printing needs nobody",
        pairs: Pairs::Never,
    },
    Class {
        rank: Rank::CpuAnswer,
        name: "cpu answer",
        protects: "no data: it is the wait until another CPU has left user mode",
        reason: "leaving user mode takes no lock, so nothing is taken inside",
        pairs: Pairs::Never,
    },
];

/// Which class is taken while which is held, and why that way round.
pub const EDGES: [Edge; 12] = [
    edge(
        Rank::SlotCache,
        Rank::EnvTable,
        "an empty cache of slots is refilled from the table, a full one spills into it",
    ),
    edge(Rank::EnvLife, Rank::EnvIpc, "a message is for an env that lives and goes on living meanwhile"),
    edge(Rank::EnvLife, Rank::RunQueue, "whether an env may run and whether it is queued change in one step"),
    edge(Rank::EnvLife, Rank::Console, "what is said about an env comes before what others say after changing it"),
    edge(Rank::EnvIpc, Rank::EnvVm, "a message and the page it carries arrive in one step"),
    edge(Rank::EnvIpc, Rank::RunQueue, "the receiver is queued in the step in which its message arrives"),
    edge(
        Rank::EnvVm,
        Rank::FrameCache,
        "a mapping may need a frame for a page table, and may free the frame it replaces",
    ),
    edge(Rank::EnvVm, Rank::CpuAnswer, "an entry is gone only when the CPU the env is on has forgotten it"),
    edge(
        Rank::FrameCache,
        Rank::PageAllocator,
        "an empty cache of frames is refilled from the list, a full one spills into it",
    ),
    allow(Rank::EnvTable, Rank::Console, "whoever looks for a mistake may print anywhere"),
    allow(Rank::RunQueue, Rank::Console, "whoever looks for a mistake in queues may print there"),
    allow(Rank::PageAllocator, Rank::Console, "whoever looks for a mistake in the allocator may print there"),
];

/// What follows from [`EDGES`].
pub const ORDER: Order = Order::of(&EDGES);

impl Rank {
    /// How many classes there are. The sizes of the checker's tables follow from it.
    pub const COUNT: usize = CLASSES.len();

    /// Every class. Whatever is taken inside another comes after it.
    pub const ALL: [Self; Self::COUNT] = {
        let mut all = [Self::SlotCache; Self::COUNT];
        let mut i = 0;
        while i < all.len() {
            all[i] = CLASSES[i].rank;
            assert!(all[i] as usize == i, "CLASSES must list every Rank in its order");
            assert!(ORDER.row(all[i]) >> i << i == ORDER.row(all[i]), "a class must come after those around it");
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

    /// Whether nothing may be taken while a lock of this class is held.
    #[must_use]
    pub const fn is_leaf(self) -> bool {
        ORDER.row(self) == 0
    }

    /// For how long a lock of this class may be held, in milliseconds. Far more than any path needs: the host may let a
    /// virtual CPU rest for a while, and that is no mistake.
    #[must_use]
    pub const fn budget_ms(self) -> u32 {
        if matches!(self, Self::Console) { 5_000 } else { 3_000 }
    }

    /// For how long one may wait for a lock of this class, in milliseconds. With a CPU that holds it all the time it may,
    /// and others before this one: twice the time. Less than what counts as stuck.
    #[must_use]
    pub const fn wait_budget_ms(self) -> u32 {
        if matches!(self, Self::Console) { 9_000 } else { 6_000 }
    }

    /// Whether this is a wait and no lock.
    #[must_use]
    pub const fn is_wait(self) -> bool {
        matches!(self, Self::CpuAnswer)
    }

    /// Whether `inner` may be taken while this is held, by one declared edge or by a chain of them.
    #[must_use]
    pub const fn allows(self, inner: Self) -> bool {
        ORDER.row(self) & 1 << inner as u32 != 0
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
        }
    }
}

/// States in which order the code below takes its locks. A wrong order does not compile.
///
/// ```
/// sync::lock_order!(EnvLife => EnvIpc => EnvVm);
/// ```
/// ```compile_fail,E0080
/// sync::lock_order!(EnvVm => EnvLife);
/// ```
#[macro_export]
macro_rules! lock_order {
    ($last:ident) => {};
    ($outer:ident => $inner:ident $($more:tt)*) => {
        const { assert!($crate::Rank::$outer.allows($crate::Rank::$inner), "rank.rs does not declare this order") };
        $crate::lock_order!($inner $($more)*);
    };
}
