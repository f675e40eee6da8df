//! The env slots waiting for one CPU: those to run now, and the patient ones.
//!
//! Sets rather than lists: inserting twice is harmless, and a slot can be taken out from anywhere.

use crate::slot_set::SlotSet;

/// The slots waiting for one CPU.
#[derive(Debug, Default)]
pub struct RunQueue {
    ready: SlotSet,
    patient: SlotSet,
}

impl RunQueue {
    /// An empty queue.
    pub const fn new() -> Self {
        RunQueue { ready: SlotSet::new(), patient: SlotSet::new() }
    }

    /// How many slots are to run now.
    pub fn ready(&self) -> usize {
        self.ready.count()
    }

    /// How many slots are patient.
    pub fn patient(&self) -> usize {
        self.patient.count()
    }

    /// Calls `look` with each slot and whether it is a patient one. For audits.
    pub fn for_each(&self, mut look: impl FnMut(usize, bool)) {
        self.ready.for_each(|slot| look(slot, false));
        self.patient.for_each(|slot| look(slot, true));
    }

    /// Whether the summaries are right. For audits.
    pub fn is_sound(&self) -> bool {
        self.ready.is_sound() && self.patient.is_sound()
    }

    /// Queues `slot`, to run now.
    pub fn insert(&mut self, slot: usize) {
        self.ready.insert(slot);
    }

    /// Queues `slot`, to run when it is hurried.
    pub fn insert_patient(&mut self, slot: usize) {
        self.patient.insert(slot);
    }

    /// Makes a patient slot one to run now; says whether it was patient.
    pub fn hurry(&mut self, slot: usize) -> bool {
        let was_patient = self.patient.remove(slot);
        if was_patient {
            self.ready.insert(slot);
        }
        was_patient
    }

    /// Makes every patient slot one to run now.
    pub fn hurry_all(&mut self) {
        while let Some(slot) = self.patient.pop_after(0) {
            self.ready.insert(slot);
        }
    }

    /// Takes `slot` out; says whether it was queued.
    pub fn remove(&mut self, slot: usize) -> bool {
        self.ready.remove(slot) || self.patient.remove(slot)
    }

    /// Takes out the first slot to run now behind `after`, going round; `after` itself comes last.
    pub fn pop_after(&mut self, after: usize) -> Option<usize> {
        self.ready.pop_after(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_round_in_slot_order() {
        let mut queue = RunQueue::new();
        for slot in [3, 31, 32, 700, 1023] {
            queue.insert(slot);
            queue.insert(slot);
        }
        assert_eq!(queue.ready(), 5);
        let mut after = 32;
        for expected in [700, 1023, 3, 31, 32] {
            let slot = queue.pop_after(after).unwrap();
            assert_eq!(slot, expected);
            after = slot;
        }
        assert_eq!((queue.pop_after(0), queue.ready()), (None, 0));
    }

    #[test]
    fn goes_round_past_slots_that_are_free() {
        let mut queue = RunQueue::new();
        [40, 70].into_iter().for_each(|slot| queue.insert(slot));
        assert_eq!([(); 2].map(|()| queue.pop_after(100)), [Some(40), Some(70)]);
    }

    #[test]
    fn says_of_both_sets_whether_they_are_sound() {
        let is_sound = |ready, patient| RunQueue { ready, patient }.is_sound();
        let sound = SlotSet::new;
        assert!(is_sound(sound(), sound()));
        assert!(!is_sound(SlotSet::unsound(), sound()) && !is_sound(sound(), SlotSet::unsound()));
    }

    #[test]
    fn the_slot_itself_comes_last() {
        let mut queue = RunQueue::new();
        queue.insert(0);
        queue.insert(5);
        assert_eq!(queue.pop_after(5), Some(0));
        assert_eq!(queue.pop_after(5), Some(5));
        queue.insert(1023);
        assert_eq!(queue.pop_after(1023), Some(1023));
    }

    #[test]
    fn removes_from_anywhere() {
        let mut queue = RunQueue::new();
        queue.insert(64);
        queue.insert_patient(65);
        assert!(queue.remove(64) && queue.remove(65));
        assert!(!queue.remove(64) && !queue.remove(65));
        assert_eq!((queue.ready(), queue.patient(), queue.pop_after(0)), (0, 0, None));
    }

    #[test]
    fn patient_slots_wait_to_be_hurried() {
        let mut queue = RunQueue::new();
        [1, 2, 3].into_iter().for_each(|slot| queue.insert_patient(slot));
        assert_eq!((queue.pop_after(0), queue.patient()), (None, 3));
        assert!(queue.hurry(2) && !queue.hurry(2) && !queue.hurry(9));
        assert_eq!(queue.pop_after(0), Some(2));
        queue.hurry_all();
        assert_eq!((queue.pop_after(1), queue.pop_after(3)), (Some(3), Some(1)));
    }
}
