//! How the ranks of a machine find each other: rank 0 listens on an abstract Unix socket, the others bring their memory
//! file and eventfd, rank 0 hands everybody's to everybody. The sockets stay open: their end of file means death.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    SocketAddrUnix, SocketFlags, SocketType,
};

use super::memory;
use crate::communicator::Options;
use crate::error::{CommError, Result};

/// Changes with the layout of shared memory or frames.
const PROTOCOL: u32 = 2;
const HELLO: &[u8; 8] = b"LOCKSTEP";
const WELCOME: u8 = b'W';
const REFUSED: u8 = b'R';
const LONGEST: usize = 16 << 10;
/// A process that connects says who it is within this time.
const PATIENCE: Duration = Duration::from_secs(5);

/// A rank's descriptors.
pub(super) struct Member {
    pub memory: OwnedFd,
    pub event: OwnedFd,
}

pub(super) struct Group {
    /// By rank.
    pub members: Vec<Member>,
    /// Rank 0: to each other rank; the others: to rank 0.
    pub sockets: Vec<(usize, OwnedFd)>,
}

struct Meeting<'a> {
    rank: usize,
    size: usize,
    arena: usize,
    group: Option<usize>,
    job: &'a str,
    build: &'a str,
    timeout: Duration,
    deadline: Instant,
}

fn connect_error(message: String) -> CommError {
    CommError::Connect(message.into())
}

fn system(what: &'static str) -> impl Fn(Errno) -> CommError {
    move |error| CommError::system(what, error)
}

pub(super) fn meet(rank: usize, size: usize, job: &str, arena: usize, options: &Options) -> Result<Group> {
    let memory = memory::create(arena)?;
    let event = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(system("cannot make an eventfd"))?;
    let meeting = Meeting {
        rank,
        size,
        arena,
        group: options.group,
        job,
        build: &options.build,
        timeout: options.timeout,
        deadline: Instant::now() + options.timeout,
    };
    let own = Member { memory, event };
    if rank == 0 { meeting.host(own) } else { meeting.join(own) }
}

/// An abstract address: no file, in this network namespace, gone with the socket.
fn address(job: &str) -> Result<SocketAddrUnix> {
    let name = format!("lockstep/{job}");
    SocketAddrUnix::new_abstract_name(name.as_bytes()).map_err(|_| connect_error(format!("the job name {job:?} is too long")))
}

fn socket() -> Result<OwnedFd> {
    rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).map_err(system("cannot make a socket"))
}

impl Meeting<'_> {
    fn host(&self, own: Member) -> Result<Group> {
        let mut members: Vec<Option<Member>> = (0..self.size).map(|_| None).collect();
        members[0] = Some(own);
        let mut sockets: Vec<(usize, OwnedFd)> = Vec::new();
        if self.size > 1 {
            let listener = socket()?;
            rustix::net::bind(&listener, &address(self.job)?).map_err(|error| match error {
                Errno::ADDRINUSE => connect_error(format!("a job called {:?} is running already", self.job)),
                error => CommError::system("cannot listen", error),
            })?;
            rustix::net::listen(&listener, self.size as i32).map_err(system("cannot listen"))?;
            while sockets.len() + 1 < self.size {
                if let Err(error) = self.admit(&listener, &mut members, &mut sockets) {
                    for (_, socket) in &sockets {
                        refuse(socket, &error.to_string());
                    }
                    return Err(error);
                }
            }
        }
        let members: Vec<Member> = members.into_iter().flatten().collect();
        for (to, socket) in &sockets {
            for (rank, member) in members.iter().enumerate().filter(|(rank, _)| rank != to) {
                let mut message = vec![WELCOME];
                message.extend((rank as u32).to_le_bytes());
                send(socket, &message, Some(member)).map_err(|_| CommError::RankDied { rank: *to })?;
            }
        }
        Ok(Group { members, sockets })
    }

    /// Waits for one more rank.
    fn admit(&self, listener: &OwnedFd, members: &mut [Option<Member>], sockets: &mut Vec<(usize, OwnedFd)>) -> Result<()> {
        let mut watched: Vec<&OwnedFd> = vec![listener];
        watched.extend(sockets.iter().map(|(_, socket)| socket));
        let ready = wait(&watched, self.deadline)?;
        // A rank says nothing between its arrival and the welcome: if its socket is ready, it is gone.
        if let Some(index) = ready.iter().position(|&index| index > 0) {
            return Err(CommError::RankDied { rank: sockets[ready[index] - 1].0 });
        }
        if ready.is_empty() {
            let missing: Vec<String> = (0..self.size).filter(|&rank| members[rank].is_none()).map(|rank| rank.to_string()).collect();
            let (list, s) = (missing.join(", "), if missing.len() == 1 { "" } else { "s" });
            return Err(connect_error(format!("rank{s} {list} of {} did not arrive within {:?}", self.size, self.timeout)));
        }
        let socket = rustix::net::accept_with(listener, SocketFlags::CLOEXEC).map_err(system("cannot accept"))?;
        if !same_user(&socket)? {
            refuse(&socket, "this job belongs to another user");
            return Ok(());
        }
        if wait(&[&socket], self.deadline.min(Instant::now() + PATIENCE))?.is_empty() {
            return Ok(());
        }
        let Some((message, member)) = receive(&socket)? else { return Ok(()) };
        let rank = match self.check_hello(&message, members) {
            Ok(rank) => rank,
            Err(text) => {
                refuse(&socket, &text);
                return Err(connect_error(text));
            }
        };
        members[rank] = Some(member.ok_or_else(|| connect_error(format!("rank {rank} brought no memory")))?);
        sockets.push((rank, socket));
        Ok(())
    }

    /// As it travels.
    fn group(&self) -> u64 {
        self.group.map_or(u64::MAX, |ranks| ranks as u64)
    }

    fn hello(&self) -> Vec<u8> {
        let mut message = HELLO.to_vec();
        message.extend(PROTOCOL.to_le_bytes());
        message.extend((self.rank as u32).to_le_bytes());
        message.extend((self.size as u32).to_le_bytes());
        message.extend((self.arena as u64).to_le_bytes());
        message.extend(self.group().to_le_bytes());
        message.extend(self.build.as_bytes());
        message.truncate(LONGEST);
        message
    }

    /// The rank that says hello, or what does not match.
    fn check_hello(&self, message: &[u8], members: &[Option<Member>]) -> std::result::Result<usize, String> {
        let fields = message.strip_prefix(HELLO).and_then(|rest| rest.split_first_chunk::<28>());
        let Some((fields, build)) = fields else { return Err("a process that is no rank of Lockstep has connected".into()) };
        let number = |at: usize| u32::from_le_bytes(fields[at..at + 4].try_into().unwrap_or_default());
        let (protocol, rank, size) = (number(0), number(4) as usize, number(8) as usize);
        let long = |at: usize| u64::from_le_bytes(fields[at..at + 8].try_into().unwrap_or_default());
        let (arena, group) = (long(12), long(20));
        if protocol != PROTOCOL {
            return Err(format!("rank {rank} speaks protocol {protocol}, rank 0 protocol {PROTOCOL}: mixed versions of Lockstep"));
        }
        if size != self.size {
            return Err(format!("rank {rank} was started for {size} ranks, rank 0 for {}", self.size));
        }
        if build != self.build.as_bytes() {
            let theirs = String::from_utf8_lossy(build);
            return Err(format!("the ranks run different builds: rank 0 {:?}, rank {rank} {theirs:?}", self.build));
        }
        if arena != self.arena as u64 {
            return Err(format!("rank {rank} has {arena} bytes for messages, rank 0 has {}", self.arena));
        }
        if group != self.group() {
            return Err(format!("rank {rank} would form other groups of ranks than rank 0: LOCKSTEP_GROUP must be equal on all"));
        }
        if members.get(rank).is_none_or(Option::is_some) {
            return Err(format!("two processes say they are rank {rank}, or there are only {} ranks", self.size));
        }
        Ok(rank)
    }

    fn join(&self, own: Member) -> Result<Group> {
        let socket = self.reach()?;
        if !same_user(&socket)? {
            return Err(connect_error(format!("the job {:?} belongs to another user", self.job)));
        }
        let gone = || connect_error("rank 0 ended while the ranks were being connected".into());
        send(&socket, &self.hello(), Some(&own)).map_err(|_| gone())?;
        let mut members: Vec<Option<Member>> = (0..self.size).map(|_| None).collect();
        members[self.rank] = Some(own);
        while members.iter().any(Option::is_none) {
            if wait(&[&socket], self.deadline + PATIENCE)?.is_empty() {
                return Err(connect_error(format!("the other ranks of {} did not arrive within {:?}", self.size, self.timeout)));
            }
            let (message, member) = receive(&socket)?.ok_or_else(gone)?;
            match (message.split_first(), member) {
                (Some((&REFUSED, text)), _) => return Err(connect_error(String::from_utf8_lossy(text).into_owned())),
                (Some((&WELCOME, rank)), Some(member)) => {
                    let rank = rank.try_into().map(u32::from_le_bytes).unwrap_or(u32::MAX) as usize;
                    let place = members.get_mut(rank).ok_or(CommError::Invalid { from: 0, what: "welcome" })?;
                    *place = Some(member);
                }
                _ => return Err(CommError::Invalid { from: 0, what: "welcome" }),
            }
        }
        Ok(Group { members: members.into_iter().flatten().collect(), sockets: vec![(0, socket)] })
    }

    /// Connects to rank 0, which may start later.
    fn reach(&self) -> Result<OwnedFd> {
        let address = address(self.job)?;
        loop {
            let socket = socket()?;
            match rustix::net::connect(&socket, &address) {
                Ok(()) => return Ok(socket),
                Err(Errno::CONNREFUSED | Errno::AGAIN | Errno::INTR) if Instant::now() < self.deadline => {
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err(Errno::CONNREFUSED) => {
                    return Err(connect_error(format!(
                        "rank {}: rank 0 of the job {:?} did not start within {:?}",
                        self.rank, self.job, self.timeout
                    )));
                }
                Err(error) => return Err(CommError::system("cannot connect to rank 0", error)),
            }
        }
    }
}

fn same_user(socket: &OwnedFd) -> Result<bool> {
    let peer = rustix::net::sockopt::socket_peercred(socket).map_err(system("cannot ask who connects"))?;
    Ok(peer.uid == rustix::process::geteuid())
}

/// Indices of the descriptors that are ready; none at the deadline.
fn wait(descriptors: &[&OwnedFd], deadline: Instant) -> Result<Vec<usize>> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 3600, tv_nsec: 0 });
        let mut polled: Vec<PollFd<'_>> = descriptors.iter().map(|fd| PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::IN)).collect();
        match rustix::event::poll(&mut polled, Some(&timeout)) {
            Ok(_) => return Ok((0..polled.len()).filter(|&index| !polled[index].revents().is_empty()).collect()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(CommError::system("cannot poll", error)),
        }
    }
}

fn refuse(socket: &OwnedFd, text: &str) {
    let mut message = vec![REFUSED];
    message.extend(text.as_bytes());
    message.truncate(LONGEST);
    // The other side may be gone already.
    let _ = send(socket, &message, None);
}

fn send(socket: &OwnedFd, message: &[u8], member: Option<&Member>) -> rustix::io::Result<()> {
    let descriptors = member.map(|member| [member.memory.as_fd(), member.event.as_fd()]);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if let Some(descriptors) = &descriptors {
        control.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    rustix::io::retry_on_intr(|| rustix::net::sendmsg(socket, &[IoSlice::new(message)], &mut control, SendFlags::NOSIGNAL)).map(drop)
}

/// A message and what came with it; `None` at the end of file.
fn receive(socket: &OwnedFd) -> Result<Option<(Vec<u8>, Option<Member>)>> {
    let mut message = vec![0; LONGEST];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let length = loop {
        let mut parts = [IoSliceMut::new(&mut message)];
        match rustix::net::recvmsg(socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC) {
            Ok(received) => break received.bytes,
            Err(Errno::INTR) => {}
            Err(Errno::CONNRESET) => return Ok(None),
            Err(error) => return Err(CommError::system("cannot receive", error)),
        }
    };
    let mut descriptors = Vec::new();
    for part in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = part {
            descriptors.extend(received);
        }
    }
    if length == 0 {
        return Ok(None);
    }
    message.truncate(length);
    let mut descriptors = descriptors.into_iter();
    let member = descriptors.next().zip(descriptors.next()).map(|(memory, event)| Member { memory, event });
    Ok(Some((message, member)))
}
