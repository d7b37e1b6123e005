//! Reading the mail: what reaches the driver from outside its task.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::EntryId;
use super::driver::Driver;
use super::entry::{Entry, NEVER, Trying};
use super::kept::Kept;
use super::mailbox::{Force, Forced, Message};
use super::metrics::Meter;
use super::schedule::{Kind, Schedule};
use super::slots::Place;
use crate::Policy;

impl Driver {
    pub(super) fn read_mail(&mut self) {
        let mut mail = std::mem::take(&mut self.mail);
        self.mailbox.take(&mut mail);
        for message in mail.drain(..) {
            self.read(message);
        }
        self.mail = mail;
    }

    fn read(&mut self, message: Message) {
        match message {
            Message::Add { id, kept, policy } => self.add(id, kept, policy),
            Message::Done { id, number, done, at_once } => self.with(id, |driver, entry| {
                if entry.number == number {
                    driver.slots.set_ends_at_once(entry.target, at_once);
                    driver.finish(entry, done);
                }
            }),
            Message::Revoked { id, serial, result } => {
                self.with(id, |driver, entry| driver.revoked(entry, serial, result));
            }
            Message::Asked { id, needed } => self.with(id, |driver, entry| {
                entry.kept.heard();
                entry.asked = true;
                entry.needed |= needed;
                let bound = entry.bound(&driver.time);
                entry.schedule.asked(driver.time.now(), bound);
                driver.move_up(entry);
                // Whoever asks may have seen a state that is over.
                entry.kept.wake();
            }),
            Message::Force { id, force, reply } => self.with(id, |driver, entry| driver.force(entry, force, reply)),
            Message::ParentChanged { id, urgent } => self.with(id, |driver, entry| {
                if entry.kept.parent_superseded() {
                    driver.move_to_new_parent(entry, urgent);
                }
            }),
            Message::ChildrenGone { id } => self.with(id, |_, _| {}),
            #[cfg(feature = "metrics")]
            Message::EndMoved { id } => self.with(id, |_, _| {}),
            Message::Alarm { id, at } => self.with(id, |_, entry| entry.extra().alarms.push(at)),
            Message::Close { id } => self.with(id, |driver, entry| driver.close(entry)),
            Message::Status { reply } => {
                let mut all: Vec<_> = self.entries.values().flatten().map(|entry| entry.kept.status()).collect();
                all.sort_by(|a, b| a.name.cmp(&b.name));
                let _ = reply.send(all);
            }
            Message::Shutdown { within, reply } => self.shut_down(within, reply),
            Message::Abandoned => {}
        }
    }

    fn add(&mut self, id: EntryId, kept: Arc<dyn Kept>, policy: Arc<Policy>) {
        let target = self.slots.join(kept.target());
        let entry = Box::new(Entry {
            id,
            policy,
            schedule: Schedule::new(self.time.now()),
            target,
            trying: Trying::No,
            number: 0,
            generation: 0,
            published: false,
            bonded: false,
            asked: false,
            needed: false,
            failing: None,
            failing_since: Duration::ZERO,
            urgent: false,
            timer: NEVER,
            timer_set: false,
            told_next: None,
            told_skew: 0,
            meter: Meter::new(&*kept),
            extra: None,
            kept,
        });
        self.entries.insert(id, Some(entry));
        let shutting = self.shutting.is_some();
        self.with(id, |driver, entry| {
            if shutting {
                driver.close(entry);
            }
        });
    }

    fn force(&mut self, entry: &mut Entry, force: Force, reply: oneshot::Sender<Forced>) {
        if entry.is_closing() {
            return;
        }
        if force.spaced {
            entry.meter.rejected();
        }
        if force.generation < entry.generation {
            let _ = reply.send(Forced::Replaced { generation: entry.generation });
            return;
        }
        if entry.schedule.is_final()
            && let Some(failing) = &entry.failing
        {
            let _ = reply.send(Forced::Failed(failing.last.clone()));
            return;
        }
        // One refresh serves everybody who reports while it is on its way.
        let under_way = match entry.trying {
            Trying::Queued { .. } => true,
            Trying::Running { kind, .. } => kind == Kind::Issue,
            Trying::No => entry.is_forced(),
        };
        if !under_way {
            if !force.spaced && entry.extra().stretched == force.generation {
                let _ = reply.send(Forced::Same);
                return;
            }
            if let Err(retry_in) = entry.schedule.force(self.time.now(), force.spaced, &entry.policy) {
                let _ = reply.send(Forced::TooSoon { retry_in });
                return;
            }
        }
        if !force.spaced {
            entry.extra().stretched = force.generation;
        }
        entry.needed |= force.needed;
        entry.extra().replies.push(reply);
    }

    pub(super) fn move_to_new_parent(&mut self, entry: &mut Entry, urgent: bool) {
        let until = entry.bound(&self.time).unwrap_or_else(|| self.time.now());
        entry.schedule.parent_changed(self.time.now(), until, urgent, self.random.f64());
    }

    /// Lets an entry that somebody waits for go before others in its queue.
    fn move_up(&mut self, entry: &mut Entry) {
        if let Trying::Queued { place, since, overdue } = entry.trying
            && place.not_asked
            && !entry.published
        {
            self.slots.dequeue(entry.target, &place);
            let place = Place { not_asked: false, ..place };
            self.slots.enqueue(entry.target, place);
            entry.trying = Trying::Queued { place, since, overdue };
        }
    }
}
