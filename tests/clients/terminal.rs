//! A terminal for interactive programs: what they draw, and keys for them.

use std::io::{Read as _, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Parser;

/// How long a test waits for something to be drawn. Long: it only ends a test that fails.
const PATIENCE: Duration = Duration::from_mins(1);
const SIZE: PtySize = PtySize {
    rows: 50,
    cols: 140,
    pixel_width: 0,
    pixel_height: 0,
};

/// A program in a terminal. Dropping it kills the program.
pub(super) struct Terminal {
    screen: Arc<Mutex<Parser>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    /// Kept so that the terminal stays open.
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    pub(super) fn start(
        program: &Path,
        arguments: &[&str],
        folder: &Path,
        environment: &[(String, String)],
    ) -> Self {
        let pty = native_pty_system()
            .openpty(SIZE)
            .expect("a pseudo terminal");
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.cwd(folder);
        command.env_clear();
        for (name, value) in environment {
            command.env(name, value);
        }
        command.env("TERM", "xterm-256color");
        let child = pty
            .slave
            .spawn_command(command)
            .expect("the program starts");
        drop(pty.slave);
        let screen = Arc::new(Mutex::new(Parser::new(SIZE.rows, SIZE.cols, 0)));
        let drawn = Arc::clone(&screen);
        let mut output = pty
            .master
            .try_clone_reader()
            .expect("the terminal's output");
        std::thread::spawn(move || {
            let mut block = [0; 4096];
            while let Ok(count) = output.read(&mut block) {
                if count == 0 {
                    return;
                }
                lock(&drawn).process(&block[..count]);
            }
        });
        Self {
            screen,
            keys: pty.master.take_writer().expect("the terminal's input"),
            child,
            _master: pty.master,
        }
    }

    /// What is drawn now.
    pub(super) fn screen(&self) -> String {
        lock(&self.screen).screen().contents()
    }

    /// Waits until `text` is drawn; panics with the screen if it never is.
    pub(super) async fn wait_for(&self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.screen().contains(text) {
            assert!(
                Instant::now() < deadline,
                "never drawn: {text}\n{}",
                self.screen()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Types a line, waits until it is drawn, and presses Enter. In one write the program would
    /// take it for a paste.
    pub(super) async fn enter(&mut self, line: &str) {
        self.press(line);
        self.wait_for(line).await;
        self.press("\r");
    }

    /// Sends keys as they are.
    pub(super) fn press(&mut self, keys: &str) {
        self.keys
            .write_all(keys.as_bytes())
            .expect("the terminal takes keys");
        self.keys.flush().expect("the terminal takes keys");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lock(screen: &Mutex<Parser>) -> std::sync::MutexGuard<'_, Parser> {
    screen.lock().unwrap_or_else(PoisonError::into_inner)
}
