//! transom as its users run it: the binary, a configuration file, a folder of transformers, and a
//! home of its own. Nothing of the machine but `PATH` is seen by it.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::client;

/// How long a start or a stop may take. Long: it only ends a test that fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a host is started with.
#[derive(Debug)]
pub(crate) struct Builder {
    config: Value,
    env: Vec<(String, String)>,
    listen: String,
    /// The most address space that the host may use, in KiB.
    address_space: Option<u64>,
    home: TempDir,
}

/// A running host. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Host {
    child: Child,
    base: String,
    stdout: Captured,
    stderr: Captured,
    home: TempDir,
}

type Captured = Arc<Mutex<String>>;

/// The configuration of a provider, in the words of the configuration file.
pub(crate) fn provider(name: &str, base_url: &str, transformer: &str, model: &str) -> Value {
    json!({
        "name": name,
        "base_url": base_url,
        "api_key": format!("key-of-{name}-0123456789"),
        "models": [model],
        "transformer": transformer,
    })
}

impl Builder {
    /// No provider yet.
    pub(crate) fn new() -> Self {
        let home = TempDir::with_prefix("transom-test-").expect("a temporary folder");
        std::fs::create_dir(home.path().join("transformers")).expect("a fresh folder");
        Self {
            config: json!({ "providers": [], "router": {} }),
            env: Vec::new(),
            listen: "127.0.0.1:0".to_owned(),
            address_space: None,
            home,
        }
    }

    /// Starts the host with no more than this much address space, as on a machine with fewer bits of it.
    pub(crate) fn address_space(mut self, kib: u64) -> Self {
        self.address_space = Some(kib);
        self
    }

    /// Listens where the configuration says, so that other commands find the service.
    pub(crate) fn listen(mut self, address: &str) -> Self {
        address.clone_into(&mut self.listen);
        self.set("listen", address.into())
    }

    /// Adds a provider; the first one's first model is the default route.
    pub(crate) fn provider(mut self, provider: Value) -> Self {
        if self.config["router"]["default"].is_null() {
            let first = &provider["models"][0];
            let model = first.as_str().or_else(|| first["id"].as_str());
            let name = provider["name"].as_str().unwrap_or_default();
            let target = format!("{name},{}", model.unwrap_or_default());
            self.config["router"]["default"] = Value::String(target);
        }
        let providers = self.config["providers"].as_array_mut();
        providers.expect("providers is a list").push(provider);
        self
    }

    /// Sets a top-level key of the configuration.
    pub(crate) fn set(mut self, key: &str, value: Value) -> Self {
        self.config[key] = value;
        self
    }

    /// Changes the configuration in place.
    pub(crate) fn edit(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.config);
        self
    }

    /// Sets an environment variable of the host.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Puts a component into the transformers folder before the start.
    pub(crate) fn component(self, name: &str, bytes: &[u8]) -> Self {
        let file = self.transformers().join(format!("{name}.wasm"));
        std::fs::write(file, bytes).expect("write a component");
        self
    }

    pub(crate) fn transformers(&self) -> PathBuf {
        self.home.path().join("transformers")
    }

    /// The binary with this home, for commands other than `serve`. Writes the configuration.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        write_config(&config_path(&self.home), &self.config);
        self.unconfigured(arguments)
    }

    /// The same without a configuration file.
    pub(crate) fn unconfigured(&self, arguments: &[&str]) -> Command {
        let mut command = command_in(self.home.path(), self.address_space, arguments);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end.
    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        command.output().expect("the transom binary runs")
    }

    /// Starts `serve` and waits until it listens; panics with its output if it does not.
    pub(crate) fn start(self) -> Host {
        self.start_with(&[])
    }

    /// The same with more arguments.
    pub(crate) fn start_with(self, arguments: &[&str]) -> Host {
        let config = config_path(&self.home);
        let transformers = self.transformers();
        let mut command = self.command(&["serve", "--listen", &self.listen]);
        command.arg("--config").arg(&config);
        command.arg("--transformers").arg(&transformers);
        command.args(arguments);
        self.spawn(command)
    }

    /// Starts `serve` as on a machine where nothing was set up.
    pub(crate) fn start_unconfigured(self) -> Host {
        let command = self.unconfigured(&["serve", "--listen", &self.listen]);
        self.spawn(command)
    }

    fn spawn(self, mut command: Command) -> Host {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the transom binary runs");
        let (lines, first_lines) = mpsc::channel();
        let stdout = capture(child.stdout.take().expect("piped"), Some(lines));
        let stderr = capture(child.stderr.take().expect("piped"), None);
        let mut host = Host {
            child,
            base: String::new(),
            stdout,
            stderr,
            home: self.home,
        };
        host.base = host.wait_for_address(&first_lines);
        host
    }
}

impl Host {
    /// Starts anew in the same home, with the configuration as it lies there. This one must have ended.
    pub(crate) fn again(self) -> Self {
        self.again_at("127.0.0.1:0")
    }

    /// The same at the same address, as a service that is restarted.
    pub(crate) fn again_there(self) -> Self {
        let address = self.base.trim_start_matches("http://").to_owned();
        self.again_at(&address)
    }

    fn again_at(mut self, address: &str) -> Self {
        let home = std::mem::replace(&mut self.home, TempDir::new().expect("a temporary folder"));
        let mut command = command_in(home.path(), None, &["serve", "--listen", address]);
        command.arg("--config").arg(config_path(&home));
        command
            .arg("--transformers")
            .arg(home.path().join("transformers"));
        let builder = Builder {
            config: Value::Null,
            env: Vec::new(),
            listen: String::new(),
            address_space: None,
            home,
        };
        builder.spawn(command)
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn transformers(&self) -> PathBuf {
        self.home.path().join("transformers")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Replaces the configuration file by rename, as editors do.
    pub(crate) fn write_config(&self, config: &Value) {
        write_config(&config_path(&self.home), config);
    }

    /// Runs another command beside the running host, as its user would in the same home. `config`
    /// is for this command alone.
    pub(crate) fn beside(&self, arguments: &[&str], config: &Value) -> Output {
        let mut command = self.command_beside(arguments, config);
        command.output().expect("the transom binary runs")
    }

    /// The binary in the same home.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        command_in(self.home(), None, arguments)
    }

    /// The same, not yet run.
    pub(crate) fn command_beside(&self, arguments: &[&str], config: &Value) -> Command {
        let path = self.home().join("beside.json5");
        write_config(&path, config);
        let mut command = command_in(self.home(), None, arguments);
        command.arg("--config").arg(&path);
        command
    }

    /// By which the host knows its own user.
    pub(crate) fn owner_token(&self) -> String {
        let port = self.base().rsplit(':').next().expect("a port");
        let path = self.home().join("state/transom/owner").join(port);
        std::fs::read_to_string(&path).expect("a token")
    }

    /// `/api/status`, as the user of the service is told.
    pub(crate) async fn status(&self) -> Value {
        let token = self.owner_token();
        let owner = [("x-transom-owner", token.as_str())];
        let reply = client::send(&self.base, "GET", "/api/status", &owner, b"").await;
        reply.json()
    }

    /// The entry of a transformer in `/api/status`.
    pub(crate) async fn transformer(&self, name: &str) -> Value {
        let status = self.status().await;
        let transformers = status["transformers"].as_array();
        let found = transformers.and_then(|all| all.iter().find(|one| one["name"] == name));
        found
            .cloned()
            .unwrap_or_else(|| panic!("no transformer {name}: {status:#}"))
    }

    /// Asks for `/api/status` until it satisfies `wanted`; panics with the last one and the log.
    pub(crate) async fn wait_for_status(
        &self,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.status().await;
            if wanted(&status) {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "never came: {what}\n{status:#}\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Standard output so far.
    pub(crate) fn stdout(&self) -> String {
        text_of(&self.stdout)
    }

    /// Standard error so far: the log. A thread of the host's writes it, a moment later than what it tells
    /// of: lines that are on their way are waited for.
    pub(crate) fn log(&self) -> String {
        let mut text = text_of(&self.stderr);
        for _ in 0..10 {
            std::thread::sleep(Duration::from_millis(10));
            let later = text_of(&self.stderr);
            if later.len() == text.len() {
                break;
            }
            text = later;
        }
        text
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("signal the host");
    }

    /// Waits for the process to end.
    pub(crate) async fn wait_for_exit(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("wait for the host") {
                return status;
            }
            assert!(Instant::now() < deadline, "still running\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn wait_for_address(&mut self, lines: &mpsc::Receiver<String>) -> String {
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) = lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            if let Some(base) = line.strip_prefix("listening on ") {
                return base.trim().to_owned();
            }
        }
        // The log is complete only once the process has ended.
        let _ = self.child.kill();
        let status = self.child.wait();
        std::thread::sleep(Duration::from_millis(100));
        panic!("no address ({status:?})\n{}\n{}", self.stdout(), self.log());
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- log of the host\n{}", self.log());
        }
    }
}

/// The binary under test: the one cargo built with these tests, unless `TRANSOM_TEST_BINARY` names
/// another (a release build, an installed one).
pub(crate) fn binary() -> PathBuf {
    let named = std::env::var_os("TRANSOM_TEST_BINARY");
    named.map_or_else(|| env!("CARGO_BIN_EXE_transom").into(), PathBuf::from)
}

/// Compiled components, for all tests together: to compile them anew for each takes longer than all else.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// The binary with a home of its own, and nothing of the machine but `PATH`.
fn command_in(home: &Path, address_space: Option<u64>, arguments: &[&str]) -> Command {
    let mut command = match address_space {
        None => Command::new(binary()),
        Some(kib) => {
            let mut shell = Command::new("/bin/sh");
            let limited = format!("ulimit -v {kib} && exec \"$0\" \"$@\"");
            shell.arg("-c").arg(limited).arg(binary());
            shell
        }
    };
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_CACHE_HOME", cache())
        .env("XDG_STATE_HOME", home.join("state"))
        .env("XDG_RUNTIME_DIR", home.join("run"))
        .current_dir(home)
        .stdin(Stdio::null());
    command
}

fn config_path(home: &TempDir) -> PathBuf {
    home.path().join("config/transom/config.json5")
}

fn write_config(path: &Path, config: &Value) {
    let folder = path.parent().expect("a folder above the file");
    std::fs::create_dir_all(folder).expect("the configuration's folder");
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, format!("{config:#}\n")).expect("write the configuration");
    std::fs::rename(&fresh, path).expect("put the configuration in place");
}

/// Collects a stream of the child in a thread of its own, which ends with the child.
fn capture(stream: impl Read + Send + 'static, lines: Option<mpsc::Sender<String>>) -> Captured {
    let captured = Captured::default();
    let kept = Arc::clone(&captured);
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader
            .read_until(b'\n', &mut line)
            .is_ok_and(|count| count > 0)
        {
            let text = String::from_utf8_lossy(&line).into_owned();
            kept.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push_str(&text);
            if let Some(lines) = &lines {
                // Nobody listens any more once the address is known.
                let _ = lines.send(text);
            }
            line.clear();
        }
    });
    captured
}

fn text_of(captured: &Captured) -> String {
    captured
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}
