//! The named points of the kernel at which a test can hold a CPU: see [`crate::window`].
//!
//! A point stands where a race has its window: between a look and what is done about it, or between the two halves of a
//! protocol. Taking and leaving locks are points too, and need no name here: `want-`, `wait-`, `got-` and `free-` with the
//! class of the lock behind, as `got-env-vm`; `spin-` is each turn of a wait.

/// A point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Point {
    /// This CPU starts, and is not known to be online yet.
    Starting,
    /// An env has been picked or goes on; its CPU is about to announce that it enters user mode.
    Entering,
    /// It is announced; nobody's request has been looked for yet.
    Announced,
    /// Back from user mode, and that is announced.
    Trapped,
    /// An env makes a system call.
    Calling,
    /// What somebody asked of this CPU is about to be done.
    Answering,
    /// An env was asked for attention; whether it is in user mode has not been looked at yet.
    Asked,
    /// An interrupt was sent to a CPU in user mode.
    Kicked,
    /// That CPU has left user mode, or done what it was asked.
    Answered,
    /// A queue holds envs, and one is about to be taken out.
    Picking,
    /// An env was taken out of a queue and is on no CPU yet.
    Picked,
    /// An env is on this CPU; its address space is not loaded yet.
    Arrived,
    /// The old env's registers are saved; its address space is still loaded.
    Saved,
    /// The old env's address space has been left; it is still on this CPU.
    Releasing,
    /// An env is queued; no idle CPU has been looked for yet.
    Queued,
    /// This CPU has said that it is idle; it has not looked for work since.
    SaidIdle,
    /// This CPU has found no work and is about to halt.
    Halting,
    /// An env was marked dying; where it is has not been looked at yet.
    Dying,
    /// A dying env is on no CPU; its memory is still there.
    Reaping,
    /// Its memory has been taken out and is about to be given back.
    Evicted,
    /// Its slot is free and not yet returned.
    Freed,
    /// A slot was taken for a new env; nothing is in it yet.
    SlotTaken,
    /// A child exists; its registers have not been copied yet.
    Embryo,
    /// A page to map was found; it has not been mapped again yet.
    LookedUp,
    /// An entry was changed; no CPU has been told yet.
    Changed,
    /// Every CPU has forgotten the old entry; its frame has not been given back yet.
    Forgotten,
    /// A frame was taken; what is in it is the last owner's.
    FrameTaken,
    /// A reference to a frame is about to be added or dropped.
    Counting,
    /// The last reference to a frame is gone; it is not in the pool yet.
    FrameFree,
    /// A CPU found its own cache and the global list empty.
    TakeFar,
    /// A buffer was checked; it has not been copied yet.
    Copying,
    /// A message may be delivered; nothing has been done about it yet.
    Sending,
    /// A message is about to be written into its receiver's record.
    Writing,
    /// A message is delivered and its receiver woken.
    Sent,
    /// A message was refused.
    Refused,
    /// An env waits for messages, for all to see; it is still on its CPU.
    Receiving,
    /// The monitor is this CPU's; nothing has been printed yet.
    Prompting,
    /// Another CPU has the monitor; this one is about to wait until it is left.
    TurnedAway,
    /// A panic has been won by this CPU; the others have not been stopped yet.
    Panicking,
    /// This CPU panics too, and has lost.
    Lost,
    /// Another CPU reports the end of the kernel and has stopped this one, which has not noted yet where it was.
    Stopping,
    /// This CPU reports the end of the kernel, and looks once more whether all others have noted where they were.
    StopAwaited,
}

impl Point {
    /// All of them.
    pub const ALL: [Point; 42] = [
        Point::Starting,
        Point::Entering,
        Point::Announced,
        Point::Trapped,
        Point::Calling,
        Point::Answering,
        Point::Asked,
        Point::Kicked,
        Point::Answered,
        Point::Picking,
        Point::Picked,
        Point::Arrived,
        Point::Saved,
        Point::Releasing,
        Point::Queued,
        Point::SaidIdle,
        Point::Halting,
        Point::Dying,
        Point::Reaping,
        Point::Evicted,
        Point::Freed,
        Point::SlotTaken,
        Point::Embryo,
        Point::LookedUp,
        Point::Changed,
        Point::Forgotten,
        Point::FrameTaken,
        Point::Counting,
        Point::FrameFree,
        Point::TakeFar,
        Point::Copying,
        Point::Sending,
        Point::Writing,
        Point::Sent,
        Point::Refused,
        Point::Receiving,
        Point::Prompting,
        Point::TurnedAway,
        Point::Panicking,
        Point::Lost,
        Point::Stopping,
        Point::StopAwaited,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Point::Starting => "starting",
            Point::Entering => "entering",
            Point::Announced => "announced",
            Point::Trapped => "trapped",
            Point::Calling => "calling",
            Point::Answering => "answering",
            Point::Asked => "asked",
            Point::Kicked => "kicked",
            Point::Answered => "answered",
            Point::Picking => "picking",
            Point::Picked => "picked",
            Point::Arrived => "arrived",
            Point::Saved => "saved",
            Point::Releasing => "releasing",
            Point::Queued => "queued",
            Point::SaidIdle => "said-idle",
            Point::Halting => "halting",
            Point::Dying => "dying",
            Point::Reaping => "reaping",
            Point::Evicted => "evicted",
            Point::Freed => "freed",
            Point::SlotTaken => "slot-taken",
            Point::Embryo => "embryo",
            Point::LookedUp => "looked-up",
            Point::Changed => "changed",
            Point::Forgotten => "forgotten",
            Point::FrameTaken => "frame-taken",
            Point::Counting => "counting",
            Point::FrameFree => "frame-free",
            Point::TakeFar => "take-far",
            Point::Copying => "copying",
            Point::Sending => "sending",
            Point::Writing => "writing",
            Point::Sent => "sent",
            Point::Refused => "refused",
            Point::Receiving => "receiving",
            Point::Prompting => "prompting",
            Point::TurnedAway => "turned-away",
            Point::Panicking => "panicking",
            Point::Lost => "lost",
            Point::Stopping => "stopping",
            Point::StopAwaited => "stop-awaited",
        }
    }
}
