//! The control socket of a service, on threads of its own: rarely used, and answered also while the
//! service is busy. Only this user reaches it: by the folder that it lies in, and by who connects.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::ask::{Request, Restarted, Successor, Who};
use super::note::{Mode, Note};
use super::{Place, handover, systemd};

/// How often a successor is looked after while it starts.
const LOOK: Duration = Duration::from_millis(10);

/// What the service must do, told by whoever asks.
pub trait Orders: Send + Sync + 'static {
    /// End; `now`: without waiting for running exchanges.
    fn stop(&self, now: bool);
    /// Accept nothing more, and end when running exchanges are finished.
    fn hand_over(&self);
    /// What `/api/status` says.
    fn status(&self) -> Value;
    /// Take a variable from the env file from now on. False: that was so before.
    fn let_go(&self, variable: &str) -> bool;
}

/// The control socket of this process.
pub struct Control {
    shared: Arc<Shared>,
    bound: PathBuf,
}

struct Shared {
    place: Place,
    note: Note,
    orders: Box<dyn Orders>,
    in_flight: Arc<AtomicUsize>,
    /// Until it leaves.
    listener: Mutex<Option<OwnedFd>>,
    leaving: AtomicBool,
    /// A successor has its place.
    replaced: AtomicBool,
    /// A successor is being started; there is one at a time.
    starting: Mutex<()>,
    /// Those who wait for the end: their connections end with the process.
    waiting: Mutex<Vec<UnixStream>>,
}

impl Control {
    /// Listens, but nobody finds it before [`Control::take_place`].
    pub fn open(
        place: &Place,
        note: Note,
        listener: OwnedFd,
        in_flight: Arc<AtomicUsize>,
        orders: impl Orders,
    ) -> io::Result<Self> {
        place.make()?;
        let socket = place.own_socket(note.listen)?;
        let shared = Arc::new(Shared {
            place: place.clone(),
            note,
            orders: Box::new(orders),
            in_flight,
            listener: Mutex::new(Some(listener)),
            leaving: AtomicBool::new(false),
            replaced: AtomicBool::new(false),
            starting: Mutex::default(),
            waiting: Mutex::default(),
        });
        answer_at(&socket.path, &shared)?;
        Ok(Self {
            shared,
            bound: fs::canonicalize(&socket.path)?,
        })
    }

    /// From now on this is the service of its address.
    ///
    /// Errors: the note of it cannot be written; the one before stays what it was.
    pub fn take_place(&self) -> io::Result<()> {
        let Shared { place, note, .. } = &*self.shared;
        // A full disk takes no note, but renames.
        place.write(note)?;
        fs::rename(&self.bound, &place.socket(note.listen)?.path)
    }

    /// The service accepts nothing more.
    pub fn leave(&self) {
        self.shared.leave();
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // Whoever had a successor started is told so first.
        drop(lock(&self.shared.starting));
        let Shared { place, note, .. } = &*self.shared;
        let _ = fs::remove_file(&self.bound);
        place.forget(note.listen, &note.instance);
        place.forget_leaving(note.pid);
    }
}

/// Answers whoever connects there.
fn answer_at(path: &Path, shared: &Arc<Shared>) -> io::Result<()> {
    // Of an earlier process with this number.
    let _ = fs::remove_file(path);
    let bound = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    let shared = shared.clone();
    std::thread::Builder::new()
        .name("control".to_owned())
        .spawn(move || accept(&bound, &shared))?;
    Ok(())
}

fn accept(bound: &UnixListener, shared: &Arc<Shared>) {
    for stream in bound.incoming() {
        let Ok(stream) = stream else {
            std::thread::sleep(LOOK);
            continue;
        };
        let shared = shared.clone();
        let answering = std::thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || {
                if is_ours(&stream) {
                    // A client that went away is no concern of the service.
                    let _ = answer_all(&stream, &shared);
                }
            });
        drop(answering);
    }
}

/// The other end is a process of this user, or of root.
fn is_ours(stream: &UnixStream) -> bool {
    let us = rustix::process::geteuid();
    rustix::net::sockopt::socket_peercred(stream)
        .is_ok_and(|peer| peer.uid == us || peer.uid.is_root())
}

fn answer_all(stream: &UnixStream, shared: &Arc<Shared>) -> io::Result<()> {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        let request = serde_json::from_str(&line)?;
        line.clear();
        match request {
            Request::Who => say(stream, &json!(shared.who()))?,
            Request::Status => say(stream, &shared.orders.status())?,
            Request::Stop { now } => {
                let kept = stream.try_clone()?;
                lock(&shared.waiting).push(kept);
                say(stream, &json!(shared.running()))?;
                shared.leave();
                shared.orders.stop(now);
            }
            Request::Restart(successor) => {
                let turn = shared.starting.try_lock();
                let restarted = match &turn {
                    Ok(_) => shared.restart(&successor),
                    Err(_) => refused("a successor is being started already".to_owned()),
                };
                say(stream, &json!(restarted))?;
                drop(turn);
            }
            Request::Listener => match &*lock(&shared.listener) {
                Some(listener) => handover::send(stream, listener.as_fd())?,
                None => return Ok(()),
            },
            Request::TakeOver => {
                // First, so that systemd takes the successor's own word that it is ready.
                if shared.note.mode == Mode::Unit
                    && let Ok(peer) = rustix::net::sockopt::socket_peercred(stream)
                {
                    systemd::tell(&format!("MAINPID={}", peer.pid.as_raw_nonzero()));
                }
                if let Err(error) = step_aside(shared) {
                    tracing::warn!(%error, "`transom stop` will not find this process while it finishes exchanges");
                }
                say(stream, &json!(shared.running()))?;
                shared.replaced.store(true, Ordering::Relaxed);
                shared.leave();
                shared.orders.hand_over();
            }
            Request::Overriding => say(stream, &json!(crate::config::overriding()))?,
            Request::LetGo { variable } => say(stream, &json!(shared.orders.let_go(&variable)))?,
        }
    }
    Ok(())
}

/// A successor has the usual place: from now on this process is found by its number.
fn step_aside(shared: &Arc<Shared>) -> io::Result<()> {
    let Shared { place, note, .. } = &**shared;
    answer_at(&place.leaving_socket(note.pid)?.path, shared)?;
    place.write_leaving(note)
}

fn say(mut stream: &UnixStream, value: &Value) -> io::Result<()> {
    stream.write_all(format!("{value}\n").as_bytes())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn running(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    fn who(&self) -> Who {
        Who {
            note: self.note.clone(),
            leaving: self.leaving.load(Ordering::Relaxed),
            running: self.running(),
        }
    }

    fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
        drop(lock(&self.listener).take());
    }

    fn restart(&self, successor: &Successor) -> Restarted {
        if self.leaving.load(Ordering::Relaxed) {
            return refused("it is stopping already".to_owned());
        }
        let mut child = match spawn(successor, self.note.mode) {
            Ok(child) => child,
            Err(error) => {
                let program = successor.program.display();
                return refused(format!("{program} cannot be run: {error}"));
            }
        };
        loop {
            if self.replaced.load(Ordering::Relaxed) {
                return Restarted::Ready {
                    pid: child.id(),
                    running: self.running(),
                };
            }
            if self.leaving.load(Ordering::Relaxed) {
                // It could take over nothing any more.
                let _ = child.kill().and_then(|()| child.wait());
                return refused("it was told to stop meanwhile".to_owned());
            }
            match child.try_wait() {
                Ok(None) => std::thread::sleep(LOOK),
                Ok(Some(status)) => {
                    return Restarted::Failed {
                        code: status.code(),
                    };
                }
                Err(error) => return refused(error.to_string()),
            }
        }
    }
}

fn refused(why: String) -> Restarted {
    Restarted::Refused { why }
}

fn spawn(successor: &Successor, mode: Mode) -> io::Result<Child> {
    let mut command = Command::new(&successor.program);
    for name in crate::config::let_go_of() {
        command.env_remove(name);
    }
    command
        .args(&successor.arguments)
        .envs(&successor.variables)
        // It was for this process.
        .env_remove("SYSTEMD_EXEC_PID")
        .current_dir("/")
        .stdin(Stdio::null());
    if mode != Mode::Unit {
        command.env_remove("NOTIFY_SOCKET");
    }
    if let Some(path) = &successor.output {
        let output = File::options().append(true).open(path)?;
        command.stdout(output.try_clone()?).stderr(output);
    }
    command.spawn()
}
