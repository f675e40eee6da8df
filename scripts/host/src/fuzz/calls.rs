//! The system calls of the model.

use abi::layout::{PGSIZE, UTOP};
use abi::{Error, PteFlags, Syscall};

use super::model::{Model, P, U, W};

type Result<T> = std::result::Result<T, Error>;

impl Model {
    /// A call by env `me`. Whether it blocked, froze or died is to be seen at the env.
    pub(super) fn call(&mut self, me: u32, number: u32, words: [u32; 5]) -> Result<u32> {
        let [a, b, c, d, e] = words;
        match Syscall::try_from(number)? {
            Syscall::Cputs => self.cputs(me, a, b),
            // Nobody types.
            Syscall::Cgetc | Syscall::Yield => Ok(()),
            Syscall::Getenvid => return Ok(me),
            Syscall::EnvDestroy => self.permitted(me, a).map(|env| self.destroy(env)),
            Syscall::PageAlloc => self.page_alloc(me, a, b, c),
            Syscall::PageMap => self.page_map(me, (a, b), (c, d), e),
            Syscall::PageUnmap => self.page_unmap(me, a, b),
            // The steps that do this are another kind: they remember the id.
            Syscall::Exofork => return self.create(me),
            Syscall::EnvSetStatus => self.set_status(me, a, b),
            Syscall::EnvSetPgfaultUpcall => self.permitted(me, a).map(|env| self.env(env).upcall = b),
            Syscall::IpcTrySend => self.try_send(me, a, [b, c, d]),
            Syscall::IpcRecv => self.recv(me, a),
        }
        .map(|()| 0)
    }

    /// The env that `id` means, which has to be `me` or a child.
    fn permitted(&self, me: u32, id: u32) -> Result<u32> {
        let id = if id == 0 { me } else { id };
        let env = self.find(id).ok_or(Error::BadEnv)?;
        if env.id == me || env.parent == me { Ok(id) } else { Err(Error::BadEnv) }
    }

    /// Nothing of what the fuzzer prints is to be seen, so only the check is left.
    fn cputs(&mut self, me: u32, va: u32, len: u32) -> Result<()> {
        let (start, end) = (u64::from(va), u64::from(va) + u64::from(len));
        let mut at = start;
        while at < end {
            let page = u32::try_from(at).ok().map(|at| at & !(PGSIZE - 1));
            if !page.is_some_and(|page| self.readable(me, page)) {
                self.kill(me, u32::try_from(at).unwrap_or(0));
                return Ok(());
            }
            at = (at | u64::from(PGSIZE - 1)) + 1;
        }
        Ok(())
    }

    fn page_alloc(&mut self, me: u32, id: u32, va: u32, permissions: u32) -> Result<()> {
        let env = self.permitted(me, id)?;
        self.allocate(env, page(va)?, allowed(permissions)?);
        Ok(())
    }

    fn page_unmap(&mut self, me: u32, id: u32, va: u32) -> Result<()> {
        let env = self.permitted(me, id)?;
        self.unmap(env, page(va)?);
        Ok(())
    }

    fn page_map(&mut self, me: u32, from: (u32, u32), to: (u32, u32), permissions: u32) -> Result<()> {
        let (source, target) = (self.permitted(me, from.0)?, self.permitted(me, to.0)?);
        let (from, to) = (page(from.1)?, page(to.1)?);
        let shared = self.shareable(source, from, permissions)?;
        self.map(target, to, shared, permissions);
        Ok(())
    }

    fn set_status(&mut self, me: u32, id: u32, status: u32) -> Result<()> {
        let env = self.permitted(me, id)?;
        self.env(env).frozen = match status {
            2 => false,
            4 => true,
            _ => return Err(Error::Inval),
        };
        Ok(())
    }

    fn try_send(&mut self, me: u32, id: u32, [value, from, permissions]: [u32; 3]) -> Result<()> {
        let id = if id == 0 { me } else { id };
        let wanted = self.find(id).ok_or(Error::BadEnv)?.receiving.ok_or(Error::IpcNotRecv)?;
        let mut granted = 0;
        if from < UTOP {
            let shared = self.shareable(me, page(from)?, permissions)?;
            if wanted < UTOP {
                self.map(id, wanted, shared, permissions);
                granted = permissions;
            }
        }
        let env = self.env(id);
        (env.receiving, env.message) = (None, [value, me, granted]);
        Ok(())
    }

    fn recv(&mut self, me: u32, wanted: u32) -> Result<()> {
        if wanted < UTOP {
            page(wanted)?;
        }
        self.env(me).receiving = Some(wanted);
        Ok(())
    }

    /// The page that `env` has at `va`, if it may be given away with these permissions.
    fn shareable(&self, env: u32, va: u32, permissions: u32) -> Result<usize> {
        let (page, own) = self.mapping(env, va).ok_or(Error::Inval)?;
        let permissions = allowed(permissions)?;
        if permissions & W != 0 && own & W == 0 { Err(Error::Inval) } else { Ok(page) }
    }
}

/// An address at which a page may be mapped.
fn page(va: u32) -> Result<u32> {
    if va < UTOP && va.is_multiple_of(PGSIZE) { Ok(va) } else { Err(Error::Inval) }
}

/// Permissions that a call may carry.
fn allowed(permissions: u32) -> Result<u32> {
    let right = permissions & (P | U) == P | U && permissions & !PteFlags::SYSCALL.bits() == 0;
    if right { Ok(permissions) } else { Err(Error::Inval) }
}
