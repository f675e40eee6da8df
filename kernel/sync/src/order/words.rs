//! What is said about each kind of report.

/// What is said about a kind.
pub(crate) struct Words {
    /// The value of `kind=`.
    pub(crate) name: &'static str,
    /// What was done wrong.
    pub(crate) rule: &'static str,
    /// What it can lead to.
    pub(crate) danger: &'static str,
    /// How to put it right, in two lines.
    pub(crate) fix: [&'static str; 2],
}

const fn words(name: &'static str, rule: &'static str, danger: &'static str, fix: [&'static str; 2]) -> Words {
    Words { name, rule, danger, fix }
}

const FOR_EVER: &str = "another CPU that keeps the order holds the wanted lock and waits for the held one: \
                        both wait for ever. One CPU alone can show the wrong order; it takes two to hang";
const BY_THE_CLOCK: &str = "this is not a guess: the wait has lasted for ten seconds by the clock";
const GUARDS: &str = "a guard lives to the end of its block, and one made in the head of `match`, `if let`, `while let` or \
                      `for` to the end of the body";
const SELDOM: &str = "declare an edge in rank.rs only if the two must change in one step, and say there why";
const LEAKS: &str = "and for a guard that was stored, forgotten (`mem::forget`, `ManuallyDrop`) or given back";
const SHARED_DATA: &str = "another CPU may change the same data at the same time";

pub(crate) const INVERSION: Words = words(
    "inversion",
    "a lock is wanted that comes before one that is held",
    FOR_EVER,
    [
        "release the held lock first, and check again afterwards what was read under it; or take the wanted one before it.",
        GUARDS,
    ],
);
pub(crate) const CYCLE: Words = words(
    "cycle",
    "a lock is wanted inside another, and together with what was seen before that makes a circle",
    "CPUs that each hold one lock of the circle and wait for the next all wait for ever",
    ["suspect the edges of the circle that are not declared, this report's first: release before taking;", SELDOM],
);
pub(crate) const LEAF: Words = words(
    "leaf",
    "a lock is wanted while a leaf is held",
    "every path may take the leaf last, so whoever holds the wanted lock may be waiting for the leaf",
    ["gather what is needed before taking the leaf, and do the rest after releasing it;", GUARDS],
);
pub(crate) const UNDECLARED: Words = words(
    "undeclared",
    "a lock is wanted inside another, and no declared edge leads from the one to the other",
    "nobody has promised this order, so another path may use the opposite one, now or after the next change",
    ["release the held lock before taking the wanted one: mostly the inner call does not belong there;", SELDOM],
);
pub(crate) const REMOTE_WAIT: Words = words(
    "remote-wait",
    "another CPU is waited for while a lock is held that rank.rs does not allow there",
    "the other CPU may be waiting for that lock with interrupts off, and then it never sees the question",
    [
        "release the lock before asking another CPU for anything;",
        "only locks with a declared edge to \"cpu answer\" may be held over the wait",
    ],
);
pub(crate) const ANSWER_OWED: Words = words(
    "answer-owed",
    "a lock is wanted by a CPU that others believe to be in user mode",
    "another CPU that holds the lock may be waiting for this one to leave user mode: both wait for ever",
    [
        "say that this CPU has left user mode (`presence::left_user`) before anything else after a trap;",
        "leaving user mode must take no lock",
    ],
);
pub(crate) const SELF_DEADLOCK: Words = words(
    "self-deadlock",
    "a lock is wanted by the CPU that holds it",
    "this CPU waits for itself, for ever",
    ["hand the guard (`&mut`) down to the code that needs the data, or release it before that locks again;", GUARDS],
);
pub(crate) const SELF_WAIT: Words = words(
    "self-wait",
    "a CPU waits for its own answer",
    "it can't answer while it waits, so it waits for ever",
    ["do on the spot what would be asked of this CPU,", "and ask only when the env is on another one"],
);
pub(crate) const PAIR_ORDER: Words = words(
    "pair-order",
    "two locks of one class are taken with the larger key, the number behind the #, first",
    "another CPU that wants the same two, named the other way round, holds the one and waits for the other: \
     both wait for ever",
    [
        "release the held one before taking the other, and copy out under it what is needed later;",
        "if both have to be held, take them with `lock_pair`, which looks at the keys",
    ],
);
pub(crate) const PAIR_EQUAL: Words = words(
    "pair-equal",
    "two locks of one class have the same key, so neither comes first",
    "two CPUs can take them in different orders and wait for each other for ever",
    ["give each lock of the class its own key when it is made,", "such as the env's slot or the CPU's number"],
);
pub(crate) const PAIR_NEVER: Words = words(
    "pair-never",
    "two locks are taken of a class of which only one may be held",
    "two CPUs can take two of them in different orders, and wait for each other for ever",
    ["release the held one before taking the other, and copy out under it what is needed later;", GUARDS],
);
pub(crate) const INTERRUPTS: Words = words(
    "interrupts",
    "a lock is wanted or held while interrupts are on",
    "an interrupt handler on this CPU that wants the same lock waits for ever",
    [
        "turn interrupts off before taking the lock, and on again only after releasing it;",
        "in this kernel they are on only in user mode and while idle",
    ],
);
pub(crate) const GATE_USER_RETURN: Words = words(
    "gate-user-return",
    "a lock is held at the return to user mode",
    "user code may never come back, and then nobody gets the lock again",
    [
        "some way out of the function that took the lock does not release it: look there at each `?` and `return`,",
        LEAKS,
    ],
);
pub(crate) const GATE_HALT: Words = words(
    "gate-halt",
    "a lock is held at hlt",
    "this CPU sleeps until somebody wakes it, and everybody else waits for the lock",
    ["end the guard's scope before idling; look in the function that took the lock", LEAKS],
);
pub(crate) const GATE_MONITOR: Words = words(
    "gate-monitor",
    "a lock is held at the entry to the monitor",
    "the other CPUs wait for as long as somebody types",
    ["end the guard's scope before calling the monitor;", "copy out under the lock what the monitor is to show"],
);
pub(crate) const GATE_ADDRESS_SPACE: Words = words(
    "gate-address-space",
    "a lock is held where this CPU goes over to another env",
    "the code after this acts for another env, whose locks it will want: it finds the old one's lock still held",
    ["end the guard's scope before switching;", "switch only in the loop in run.rs, to which everything returns"],
);
pub(crate) const GATE_BIG_LOCK: Words = words(
    "gate-big-lock",
    "a fine lock is held where the big lock is taken or released",
    "another CPU gets the big lock next and finds the fine lock taken: nobody waits for fine locks in this build",
    ["end the guard's scope before user mode or idling;", "take the big lock before any other"],
);
pub(crate) const DOUBLE_RELEASE: Words = words(
    "double-release",
    "a lock is released that no CPU holds",
    "whoever takes it next may share it with somebody else",
    [
        "the back-trace shows who released it: look there for a guard of a busted lock,",
        "or for one that was duplicated by unsafe code",
    ],
);
pub(crate) const OTHER_CPU: Words = words(
    "other-cpu",
    "a lock is released by a CPU that does not hold it",
    "the CPU that holds it goes on as if it were alone",
    [
        "drop the guard on the CPU that made it, before anything else can run there;",
        "guards are not Send: look for unsafe code that moved one",
    ],
);
pub(crate) const TWO_HOLDERS: Words = words(
    "two-holders",
    "a lock was given to a CPU while another one still holds it",
    "both use the same data at the same time: the lock itself does not work, or was made anew while it was held",
    [
        "look for a lock that is written over (`SpinLock::new`, a struct copied into place) while in use;",
        "if there is none, the raw lock in raw.rs does not exclude",
    ],
);
pub(crate) const UNINITIALISED: Words = words(
    "uninitialised",
    "a lock is wanted in memory where no lock was made",
    "its state is whatever the memory held before: it may seem held for ever, or exclude nobody",
    ["make the lock with `SpinLock::new` before anybody can find it;", "a page of zeros is not a lock"],
);
pub(crate) const FREED_HELD: Words = words(
    "freed-held",
    "memory is freed that contains a lock somebody holds or waits for",
    "the next owner of the memory writes over the lock, and its holder writes into the next owner's data",
    ["release the lock before the memory is freed,", "and free only what nobody can find any more"],
);
pub(crate) const PIN_LOST: Words = words(
    "pin-lost",
    "a lock is released whose caller relies on it being held all the time",
    "what the caller read under the lock may be old when it goes on, though the lock is held again",
    [
        "do not release a caller's lock: return, and let the caller do what has to be done without it;",
        "if it must be released, the caller has to drop its pin first and look at everything again",
    ],
);
pub(crate) const ASSERT_HELD: Words = words(
    "assert-held",
    "code that relies on a lock runs without it",
    SHARED_DATA,
    [
        "take the lock in the caller and hold it over the call;",
        "better: pass `&mut` data from the guard, so that the compiler checks it",
    ],
);
pub(crate) const ASSERT_NOT_HELD: Words = words(
    "assert-not-held",
    "code that must run without a lock runs with it",
    "this code, or what it waits for, wants the lock itself; or it takes long, and whoever wants the lock spins",
    ["release the lock before the call;", "copy out under it what the call needs"],
);
pub(crate) const NO_BIG_LOCK: Words = words(
    "no-big-lock",
    "a lock is wanted by a CPU that does not hold the big lock",
    "in the big-lock build the big lock is the only real one: another CPU may use the same data at the same time",
    [
        "if this path runs inside `unlocked`, move the call behind it: only user mode and idling belong there;",
        "a path that never had the big lock takes it (`big::enter`) before its first lock",
    ],
);
pub(crate) const TOO_MANY: Words = words(
    "too-many",
    "more locks are held than the order allows",
    "the checker no longer sees the locks taken from here on",
    ["no path needs more than two locks of a class: release earlier,", "or look for guards that are leaked in a loop"],
);
pub(crate) const HELD_LONG: Words = words(
    "held-long",
    "a lock was held for longer than its class allows",
    "every other CPU that wants it spins all that time with interrupts off",
    [
        "move what takes long out of the locked part: zeroing, copying, printing, waiting;",
        "or give the class a larger budget in rank.rs, and say why",
    ],
);
pub(crate) const WAITED_LONG: Words = words(
    "waited-long",
    "a lock was waited for longer than its class allows",
    "with interrupts off all that time, this CPU answered nobody, and whoever waits for it waited as well",
    [
        "`lockstat` names the places that wait and the class that is held long: make the locked part there shorter,",
        "or split the lock, so that fewer CPUs want the same one",
    ],
);
pub(crate) const STUCK: Words = words(
    "stuck",
    "a lock has been waited for too long",
    BY_THE_CLOCK,
    [
        "whoever waits in the chain above has to let go of what it holds before it waits;",
        "if its last CPU waits for no lock, see in its stack what it does instead of releasing the one it holds",
    ],
);
pub(crate) const NO_ANSWER: Words = words(
    "no-answer",
    "another CPU has not answered for too long",
    BY_THE_CLOCK,
    [
        "wait only for CPUs in user mode, and let entering the kernel count as the answer;",
        "a CPU that spins for a lock with interrupts off never sees the question",
    ],
);
