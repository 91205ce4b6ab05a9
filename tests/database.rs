//! Every behaviour of the store on both databases: a fresh SQLite file and a fresh PostgreSQL database for each test.
//!
//! PostgreSQL is one server for the whole run, made by `initdb` in a temporary folder and ended with the run. Where it
//! is not installed the tests run on SQLite alone and say so; `RAPPORTEUR_REQUIRE_SERVICES=1` makes that a failure.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rapporteur::clock::Clock;
use rapporteur::store::{Kind, Store};
use sqlx::AnyPool;
use tempfile::TempDir;

static SQLITE_TESTS: AtomicUsize = AtomicUsize::new(0);
static POSTGRES_TESTS: AtomicUsize = AtomicUsize::new(0);

/// A store of one test, with a second way into its database for arranging and judging.
pub struct TestStore {
    pub store: Store,
    pub sql: AnyPool,
    pub clock: Clock,
    /// Files of this test, gone afterwards.
    pub folder: TempDir,
}

/// 4 May 2026, 08:00 UTC.
pub const MORNING: i64 = 1_777_881_600_000;

impl TestStore {
    pub async fn sqlite() -> TestStore {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        TestStore::open(url, folder).await
    }

    /// One that waits no longer than this for others that write into the file.
    pub async fn sqlite_within(busy_timeout: Duration) -> TestStore {
        let mut test = TestStore::sqlite().await;
        test.store.close().await;
        let url = format!("sqlite:{}", test.folder.path().join("test.db").display());
        test.store = Store::open_within(&url.into(), test.clock.clone(), busy_timeout)
            .await
            .unwrap();
        test
    }

    /// A fresh database of the PostgreSQL of this run.
    pub async fn on_postgres(server: &Server) -> TestStore {
        TestStore::open(server.fresh_database().await, tempfile::tempdir().unwrap()).await
    }

    async fn open(url: String, folder: TempDir) -> TestStore {
        let clock = Clock::fixed(rapporteur::clock::from_millis(MORNING));
        let store = Store::open(&url.clone().into(), clock.clone()).await.unwrap();
        let sql = AnyPool::connect(&url).await.unwrap();
        TestStore {
            store,
            sql,
            clock,
            folder,
        }
    }

    /// Runs statements without results, parted by semicolons.
    pub async fn run(&self, statements: &str) {
        for statement in statements.split(';').filter(|statement| !statement.trim().is_empty()) {
            sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()))
                .execute(&self.sql)
                .await
                .unwrap();
        }
    }

    async fn close(self) {
        self.sql.close().await;
        self.store.close().await;
    }
}

/// Runs a test on each database there is.
pub async fn for_each_database<F: Future<Output = TestStore>>(test: impl Fn(TestStore) -> F) {
    test(TestStore::sqlite().await).await.close().await;
    SQLITE_TESTS.fetch_add(1, Ordering::SeqCst);
    if let Some(server) = postgres() {
        let store = TestStore::on_postgres(server).await;
        assert_eq!(store.store.kind(), Kind::Postgres);
        test(store).await.close().await;
        POSTGRES_TESTS.fetch_add(1, Ordering::SeqCst);
    }
    println!(
        "store tests: sqlite {}, postgres {}",
        SQLITE_TESTS.load(Ordering::SeqCst),
        POSTGRES_TESTS.load(Ordering::SeqCst)
    );
}

/// The PostgreSQL server of this run.
pub struct Server {
    port: u16,
    databases: AtomicUsize,
}

/// None where PostgreSQL is not installed.
pub fn postgres() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| match Server::start() {
        Ok(server) => Some(server),
        Err(missing) => {
            println!("PostgreSQL is not tested: {missing}");
            None
        }
    });
    let required = std::env::var_os("RAPPORTEUR_REQUIRE_SERVICES").is_some_and(|value| value == "1");
    assert!(
        server.is_some() || !required,
        "RAPPORTEUR_REQUIRE_SERVICES=1, and PostgreSQL does not run here"
    );
    server.as_ref()
}

impl Server {
    fn start() -> Result<Server, String> {
        let programs = programs().ok_or("initdb and postgres are not installed")?;
        let folder = std::env::temp_dir().join(format!("rapporteur-postgres-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let root = is_root();
        if root {
            // PostgreSQL refuses to run as root.
            run(Command::new("chown").arg("nobody").arg(&folder))?;
        }
        let data = folder.join("data");
        let initdb = programs.join("initdb");
        let mut init = as_nobody(root, &initdb);
        init.args([
            "--auth=trust",
            "--username=tester",
            "--encoding=UTF8",
            "--no-sync",
            "--no-locale",
            "-D",
        ])
        .arg(&data);
        run(&mut init)?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(|error| error.to_string())?
            .port();
        // The shell ends the server and removes its folder when this process is gone, however it went: the pipe closes.
        let script = r#"
            cd "$2"
            "$1" -D "$2/data" -p "$3" -k "$2" -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=300 \
                >"$2/log" 2>&1 </dev/null &
            server=$!
            cat >/dev/null
            kill -INT "$server"
            wait "$server"
            rm -rf "$2"
        "#;
        let mut shell = as_nobody(root, Path::new("sh"));
        shell
            .arg("-c")
            .arg(script)
            .arg("sh")
            .arg(programs.join("postgres"))
            .arg(&folder)
            .arg(port.to_string());
        let mut keeper = shell
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        // Kept open until this process ends.
        std::mem::forget(keeper.stdin.take());
        for _ in 0..300 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(Server {
                    port,
                    databases: AtomicUsize::new(0),
                });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(format!(
            "the server did not start: {}",
            std::fs::read_to_string(folder.join("log")).unwrap_or_default()
        ))
    }

    pub async fn fresh_database(&self) -> String {
        sqlx::any::install_default_drivers();
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::SeqCst));
        self.administer(&[&format!("CREATE DATABASE {name}")]).await;
        format!("postgres://tester@127.0.0.1:{}/{name}", self.port)
    }

    /// The database is dropped, and a copy of it takes its name. Nobody may be connected to it.
    pub async fn replace_with_copy(&self, url: &str) {
        let name = url.rsplit('/').next().unwrap();
        self.administer(&[
            &format!("CREATE DATABASE {name}_copy TEMPLATE {name}"),
            &format!("DROP DATABASE {name}"),
            &format!("ALTER DATABASE {name}_copy RENAME TO {name}"),
        ])
        .await;
    }

    /// As in a restart: everybody in a database is thrown out, and nobody let in.
    pub async fn shut(&self, database: &str) {
        self.administer(&[
            &format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false"),
            &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"),
        ])
        .await;
    }

    /// The restart is over.
    pub async fn let_in(&self, database: &str) {
        self.administer(&[&format!("ALTER DATABASE {database} ALLOW_CONNECTIONS true")])
            .await;
    }

    async fn administer(&self, statements: &[&str]) {
        let server = format!("postgres://tester@127.0.0.1:{}/postgres", self.port);
        // The port answers a moment before the server does.
        let mut tries = 0;
        let admin = loop {
            match AnyPool::connect(&server).await {
                Ok(admin) => break admin,
                Err(error) if tries > 100 => panic!("PostgreSQL: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
            tries += 1;
        };
        for statement in statements {
            let statement = sqlx::AssertSqlSafe((*statement).to_owned());
            sqlx::query(statement).execute(&admin).await.unwrap();
        }
        admin.close().await;
    }
}

/// The folder that holds `initdb` and `postgres`.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(installed.map(|version| version.path().join("bin")));
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn as_nobody(root: bool, program: &Path) -> Command {
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "nobody", "--"]).arg(program).current_dir("/");
    command
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}
