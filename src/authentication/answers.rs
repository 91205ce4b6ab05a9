//! What was asked of DNS, and what it said.

use std::collections::HashMap;
use std::net::IpAddr;

use indexmap::IndexSet;

/// A name in lower case, without the dot at its end; or an address, whose names are wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    Txt(String),
    Mx(String),
    Address(String),
    Names(IpAddr),
}

impl Question {
    /// What it is about.
    pub fn name(&self) -> String {
        match self {
            Question::Txt(name) | Question::Mx(name) | Question::Address(name) => name.clone(),
            Question::Names(address) => address.to_string(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The strings of each record joined.
    Txt(Vec<String>),
    /// Mail servers with their preference; the empty name is the null MX.
    Mx(Vec<(u16, String)>),
    Addresses(Vec<IpAddr>),
    Names(Vec<String>),
    /// There is no such record: DNS says so.
    Nothing,
    /// Nobody knows whether there is one, and why.
    Silence(String),
}

/// DNS did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    pub name: String,
    pub why: String,
}

/// All answers so far, and what is still to be asked.
#[derive(Debug, Default)]
pub struct Answers {
    known: HashMap<Question, Answer>,
    open: IndexSet<Question>,
}

impl Answers {
    pub fn add(&mut self, question: Question, answer: Answer) {
        self.known.insert(question, answer);
    }

    /// What judges wanted to know since the last time, and nobody has asked yet.
    pub fn take_open(&mut self) -> Vec<Question> {
        self.open.drain(..).collect()
    }

    /// How much was asked.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    pub(super) fn txt(&mut self, name: &str) -> Result<Vec<String>, Silence> {
        let records = |answer: &Answer| match answer {
            Answer::Txt(records) => records.clone(),
            _ => Vec::new(),
        };
        self.look_up(Question::Txt(plain(name)), records)
    }

    pub(super) fn mx(&mut self, name: &str) -> Result<Vec<(u16, String)>, Silence> {
        let servers = |answer: &Answer| match answer {
            Answer::Mx(servers) => servers.clone(),
            _ => Vec::new(),
        };
        self.look_up(Question::Mx(plain(name)), servers)
    }

    /// The addresses of a host; those of an address are itself.
    pub(super) fn addresses(&mut self, host: &str) -> Result<Vec<IpAddr>, Silence> {
        if let Ok(address) = host.trim_matches(['[', ']']).parse() {
            return Ok(vec![address]);
        }
        let addresses = |answer: &Answer| match answer {
            Answer::Addresses(addresses) => addresses.clone(),
            _ => Vec::new(),
        };
        self.look_up(Question::Address(plain(host)), addresses)
    }

    pub(super) fn names(&mut self, address: IpAddr) -> Result<Vec<String>, Silence> {
        let names = |answer: &Answer| match answer {
            Answer::Names(names) => names.clone(),
            _ => Vec::new(),
        };
        self.look_up(Question::Names(address), names)
    }

    fn look_up<T>(&mut self, question: Question, read: impl Fn(&Answer) -> Vec<T>) -> Result<Vec<T>, Silence> {
        match self.known.get(&question) {
            Some(Answer::Silence(why)) => Err(Silence {
                name: question.name(),
                why: why.clone(),
            }),
            Some(answer) => Ok(read(answer)),
            None => {
                self.open.insert(question);
                Ok(Vec::new())
            }
        }
    }
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}
