//! Whether a transom listens where the configuration says: by asking it, not by a process id.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::cli::activate::base_url;
use crate::cli::listeners;
use crate::config::Config;

/// A service on this machine answers at once or is of no use.
const PATIENCE: Duration = Duration::from_secs(2);

/// Far more than `/health` says.
const LONGEST_ANSWER: u64 = 64 << 10;

/// Who listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A transom of this user or of root, at this base URL.
    Transom(String),
    /// A transom of another user's: what is sent there is theirs, and so are its answers.
    Anothers(Health),
    /// Something else: the port is taken.
    Other,
    /// Nobody.
    Nobody,
}

/// Asks `GET /health` at the configured address.
pub async fn running_service(config: &Config) -> Answer {
    service_at(config.listen).await
}

/// What a transom says of itself to everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Its base URL.
    pub url: String,
    /// Its process.
    pub pid: Option<u32>,
    /// Whose it is.
    pub owner: Owner,
}

/// Whose a listener is, by the kernel's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// This process's user, or the system tells nothing of listeners.
    Own,
    /// Another user.
    Another(u32),
    /// Nobody of this machine: the port leads elsewhere.
    Elsewhere,
}

impl Owner {
    /// Of who listens there.
    fn at(listen: SocketAddr) -> Self {
        let own = listeners::own();
        match listeners::users_at(listen) {
            None => Self::Own,
            Some(users) if users.is_empty() => Self::Elsewhere,
            Some(users) => {
                let another = users.into_iter().find(|user| *user != own);
                another.map_or(Self::Own, Self::Another)
            }
        }
    }
}

impl Health {
    /// The user whose it is, if that is not this process's.
    pub fn others(&self) -> Option<u32> {
        match self.owner {
            Owner::Another(user) => Some(user),
            Owner::Own | Owner::Elsewhere => None,
        }
    }

    /// It can be trusted with keys and prompts: root's can be as much as this user's own.
    fn is_trusted(&self) -> bool {
        matches!(self.owner, Owner::Own | Owner::Another(0))
    }
}

/// Who listens, as [`Answer`] but with what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listening {
    /// A transom.
    Transom(Health),
    /// Something else.
    Other,
    /// Nobody.
    Nobody,
}

/// Asks `GET /health` of whoever listens on `listen`.
pub async fn service_at(listen: SocketAddr) -> Answer {
    match health_at(listen).await {
        Listening::Transom(health) if health.is_trusted() => Answer::Transom(health.url),
        Listening::Transom(health) => Answer::Anothers(health),
        Listening::Other => Answer::Other,
        Listening::Nobody => Answer::Nobody,
    }
}

/// The same, with what a transom says of itself.
pub async fn health_at(listen: SocketAddr) -> Listening {
    let url = base_url(listen);
    let address = url.trim_start_matches("http://").parse::<SocketAddr>();
    let Ok(address) = address else {
        return Listening::Nobody;
    };
    let stream = match timeout(PATIENCE, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        // Somebody who accepts nothing lets a connection wait.
        Err(_) if listeners::users_at(listen).is_none_or(|users| !users.is_empty()) => {
            return Listening::Other;
        }
        Ok(Err(_)) | Err(_) => return Listening::Nobody,
    };
    let Ok(Ok(answer)) = timeout(PATIENCE, ask(stream, address)).await else {
        return Listening::Other;
    };
    match said_by_transom(&answer) {
        Some(said) => Listening::Transom(Health {
            url,
            pid: said["pid"].as_u64().and_then(|pid| pid.try_into().ok()),
            owner: Owner::at(listen),
        }),
        None => Listening::Other,
    }
}

async fn ask(mut stream: TcpStream, address: SocketAddr) -> std::io::Result<Vec<u8>> {
    let request = format!("GET /health HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await?;
    Ok(answer)
}

/// 200, and a JSON object whose `name` is `transom`.
fn said_by_transom(answer: &[u8]) -> Option<serde_json::Value> {
    let ok = answer.starts_with(b"HTTP/1.1 200 ");
    let end = memchr::memmem::find(answer, b"\r\n\r\n").filter(|_| ok)?;
    let body: serde_json::Value = serde_json::from_slice(&answer[end + 4..]).ok()?;
    (body["name"] == "transom").then_some(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn asked(answer: &'static str) -> Answer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = Config::demo("http://127.0.0.1:9".parse().unwrap());
        config.listen = listener.local_addr().unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 512];
            let read = stream.read(&mut request).await.unwrap();
            assert!(request[..read].starts_with(b"GET /health HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        tokio::join!(running_service(&config), serve).0
    }

    #[tokio::test]
    async fn a_transom_is_known_by_its_name() {
        let yes =
            asked("HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n{\"name\":\"transom\"}").await;
        assert!(matches!(yes, Answer::Transom(url) if url.starts_with("http://127.0.0.1:")));
    }

    #[tokio::test]
    async fn whatever_else_listens_is_not_taken_for_one() {
        assert_eq!(
            asked("HTTP/1.1 200 OK\r\n\r\n{\"status\":\"ok\"}").await,
            Answer::Other
        );
        assert_eq!(asked("SSH-2.0-x\r\n").await, Answer::Other);
    }

    #[tokio::test]
    async fn nobody_listens_on_a_closed_port() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = Config::demo("http://127.0.0.1:9".parse().unwrap());
        config.listen = listener.local_addr().unwrap();
        drop(listener);
        assert_eq!(running_service(&config).await, Answer::Nobody);
    }
}
