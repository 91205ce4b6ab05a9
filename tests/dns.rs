//! A DNS server with a zone per test, on loopback. It answers for every name: what the zone lacks does not exist. Long
//! answers are to be had by TCP only.
//!
//! A line of a zone is `NAME TYPE DATA`; `NAME SERVFAIL` and `NAME SILENT` stand for a server in trouble.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{MX, PTR, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

enum Entry {
    Records(Vec<RData>),
    Fails,
    Silent,
}

/// Bytes of an answer by UDP.
const MOST_BY_UDP: usize = 1232;

/// A running server; it ends when dropped.
pub struct Dns {
    pub address: SocketAddr,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Dns {
    pub fn start(zone: &str) -> Dns {
        let zone = Arc::new(read(zone));
        let (listener, socket) = sockets();
        let address = socket.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (by_tcp, tcp_stopped) = (zone.clone(), stop.clone());
        let tcp = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if tcp_stopped.load(Ordering::SeqCst) {
                    return;
                }
                // The resolver may well go away in the middle.
                let _ = serve(&by_tcp, stream);
            }
        });
        let stopped = stop.clone();
        let udp = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut bytes) {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                if let Some(mut message) = answer(&zone, &bytes[..length]) {
                    if message.to_vec().unwrap().len() > MOST_BY_UDP {
                        message.answers.clear();
                        message.metadata.truncation = true;
                    }
                    socket.send_to(&message.to_vec().unwrap(), from).unwrap();
                }
            }
        });
        Dns {
            address,
            stop,
            threads: vec![tcp, udp],
        }
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(b"", self.address));
        let _ = TcpStream::connect(self.address);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Both at one port.
fn sockets() -> (TcpListener, UdpSocket) {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()) {
            return (listener, socket);
        }
    }
}

/// Answers one question by TCP, where a length goes before each message.
fn serve(zone: &HashMap<String, Entry>, mut stream: TcpStream) -> std::io::Result<()> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut question = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut question)?;
    let Some(message) = answer(zone, &question) else {
        return Ok(());
    };
    let bytes = message.to_vec().unwrap();
    stream.write_all(&u16::try_from(bytes.len()).unwrap().to_be_bytes())?;
    stream.write_all(&bytes)
}

fn read(zone: &str) -> HashMap<String, Entry> {
    let mut entries = HashMap::new();
    for line in zone.split('\n').filter(|line| !line.trim().is_empty()) {
        let mut words = line.splitn(3, ' ');
        let name = words.next().unwrap().to_lowercase();
        let kind = words.next().unwrap_or_else(|| panic!("no type: {line}"));
        let data = words.next().unwrap_or_default();
        let entry = match kind {
            "SERVFAIL" => Entry::Fails,
            "SILENT" => Entry::Silent,
            _ => {
                let mut records = match entries.remove(&name) {
                    Some(Entry::Records(records)) => records,
                    _ => Vec::new(),
                };
                records.push(record(kind, data));
                Entry::Records(records)
            }
        };
        entries.insert(name, entry);
    }
    entries
}

fn record(kind: &str, data: &str) -> RData {
    let name = |text: &str| Name::from_ascii(format!("{}.", text.trim_end_matches('.'))).unwrap();
    match kind {
        // In strings of 255 bytes, as long records are.
        "TXT" => RData::TXT(TXT::from_bytes(data.as_bytes().chunks(255).collect())),
        "MX" => {
            let (preference, server) = data.split_once(' ').unwrap();
            RData::MX(MX::new(preference.parse().unwrap(), name(server)))
        }
        "PTR" => RData::PTR(PTR(name(data))),
        other => RData::try_from_str(RecordType::from_str(other).unwrap(), data).unwrap(),
    }
}

fn answer(zone: &HashMap<String, Entry>, question: &[u8]) -> Option<Message> {
    let question = Message::from_vec(question).ok()?;
    let query = question.queries.first()?.clone();
    let name = query.name().to_ascii().trim_end_matches('.').to_lowercase();
    let mut answer = Message::response(question.metadata.id, OpCode::Query);
    answer.metadata.recursion_available = true;
    match zone.get(&name) {
        Some(Entry::Silent) => return None,
        Some(Entry::Fails) => answer.metadata.response_code = ResponseCode::ServFail,
        None => answer.metadata.response_code = ResponseCode::NXDomain,
        Some(Entry::Records(records)) => {
            let of_type = records.iter().filter(|data| data.record_type() == query.query_type());
            answer.add_answers(of_type.map(|data| Record::from_rdata(query.name().clone(), 60, data.clone())));
        }
    }
    answer.add_query(query);
    Some(answer)
}
