//! A command on a terminal: what it shows there and what a person types.

use std::io::{Read as _, Write as _};
use std::process::Command;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// Runs a command on a terminal; each answer is typed when its question stands there. What was seen, and the
/// exit code.
pub(crate) fn dialogue(command: &Command, answers: &[(&str, &str)]) -> (String, u32) {
    let pty = native_pty_system().openpty(PtySize::default());
    let pty = pty.expect("a pseudo terminal");
    let mut builder = CommandBuilder::new(command.get_program());
    builder.args(command.get_args());
    builder.env_clear();
    for (name, value) in command.get_envs() {
        builder.env(name, value.unwrap_or_default());
    }
    let mut child = pty.slave.spawn_command(builder).expect("it starts");
    drop(pty.slave);
    let mut keys = pty.master.take_writer().expect("the terminal's input");
    let mut reader = pty.master.try_clone_reader().expect("its output");
    let mut seen = String::new();
    let mut answers = answers.iter().peekable();
    let mut read = [0; 1024];
    // The end of a terminal is an error on some systems.
    while let Ok(count @ 1..) = reader.read(&mut read) {
        seen.push_str(&String::from_utf8_lossy(&read[..count]));
        while let Some((_, answer)) = answers.next_if(|(question, _)| seen.contains(question)) {
            keys.write_all(answer.as_bytes()).expect("it is taken");
        }
    }
    let code = child.wait().expect("it ends").exit_code();
    (seen, code)
}
