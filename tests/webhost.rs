//! A web server that answers by plan: pages, validators, redirects, and everything a server should not do.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server says at a path.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    pace: Pace,
}

/// How an answer comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pace {
    AtOnce,
    /// The body never ends.
    Endless,
    /// The body comes a byte a second, by the clock of the runtime.
    Drip,
    /// No answer comes at all.
    Silent,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Reply {
        Reply {
            status,
            headers: Vec::new(),
            body: body.into(),
            pace: Pace::AtOnce,
        }
    }

    pub fn ok(body: impl Into<Vec<u8>>) -> Reply {
        Reply::new(200, body)
    }

    pub fn redirect(status: u16, to: &str) -> Reply {
        Reply::new(status, "").with("Location", to)
    }

    pub fn with(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn endless(self) -> Reply {
        self.at_pace(Pace::Endless)
    }

    pub fn dripping(self) -> Reply {
        self.at_pace(Pace::Drip)
    }

    /// Who asks is never answered.
    pub fn silent() -> Reply {
        Reply::ok("").at_pace(Pace::Silent)
    }

    fn at_pace(mut self, pace: Pace) -> Reply {
        self.pace = pace;
        self
    }
}

/// A running server. A reply with an ETag is answered 304 to who names it.
#[derive(Clone)]
pub struct WebHost {
    pub address: SocketAddr,
    replies: Arc<Mutex<HashMap<String, Reply>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl WebHost {
    pub async fn start() -> WebHost {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = WebHost {
            address: listener.local_addr().unwrap(),
            replies: Arc::default(),
            asked: Arc::default(),
        };
        let serving = host.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(stream).await });
            }
        });
        host
    }

    /// The same server, where nothing stands yet.
    pub fn again(&self) -> WebHost {
        self.replies.lock().unwrap().clear();
        self.asked.lock().unwrap().clear();
        self.clone()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on this stands at the path.
    pub fn at(&self, path: &str, reply: Reply) {
        self.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    /// Heads of all requests so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    async fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut head = Vec::new();
        loop {
            let mut block = [0; 4096];
            let read = stream.read(&mut block).await.ok().filter(|read| *read > 0)?;
            head.extend_from_slice(&block[..read]);
            if !head.ends_with(b"\r\n\r\n") {
                continue;
            }
            let text = String::from_utf8_lossy(&std::mem::take(&mut head)).into_owned();
            let path = text.split(' ').nth(1)?.to_owned();
            self.asked.lock().unwrap().push(text.clone());
            let found = self.replies.lock().unwrap().get(&path).cloned();
            let mut reply = found.unwrap_or_else(|| Reply::new(404, "nothing here"));
            let etag = reply
                .headers
                .iter()
                .find(|(name, _)| name == "ETag")
                .map(|(_, value)| value.clone());
            if let Some(etag) = etag
                && text
                    .to_lowercase()
                    .contains(&format!("if-none-match: {}\r\n", etag.to_lowercase()))
            {
                reply = Reply::new(304, "").with("ETag", &etag);
            }
            let mut answer = format!("HTTP/1.1 {} Plan\r\n", reply.status);
            for (name, value) in &reply.headers {
                answer += &format!("{name}: {value}\r\n");
            }
            if reply.pace != Pace::Endless {
                answer += &format!("Content-Length: {}\r\n", reply.body.len());
            }
            answer += "\r\n";
            match reply.pace {
                Pace::AtOnce => stream
                    .write_all(&[answer.as_bytes(), &reply.body].concat())
                    .await
                    .ok()?,
                Pace::Endless => {
                    stream.write_all(answer.as_bytes()).await.ok()?;
                    loop {
                        stream.write_all(&[b' '; 65536]).await.ok()?;
                    }
                }
                Pace::Drip => {
                    stream.write_all(answer.as_bytes()).await.ok()?;
                    for byte in &reply.body {
                        stream.write_all(&[*byte]).await.ok()?;
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                }
                // Until who asks has had enough.
                Pace::Silent => {
                    stream.read_u8().await.ok()?;
                }
            }
        }
    }
}
