//! What a host is told by `set_log`: in one test, since there is one log for the process.

use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::thread;

use keylatch::{AsyncClient, Client, ErrorKind, FieldValue, LogLevel, LogRecord, OnLog, Options, set_log};

type Told = Arc<Mutex<Vec<LogRecord>>>;

fn listener(told: &Told) -> Option<OnLog> {
    let told = told.clone();
    Some(OnLog::new(move |record| told.lock().expect("nobody panics with it").push(record.clone())))
}

fn taken(told: &Told) -> Vec<LogRecord> {
    std::mem::take(&mut *told.lock().expect("nobody panics with it"))
}

fn operations(told: &Told) -> Vec<&'static str> {
    taken(told).iter().filter(|record| record.message == "finished").filter_map(|record| record.operation).collect()
}

fn field<'r>(record: &'r LogRecord, name: &str) -> Option<&'r FieldValue> {
    record.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

#[test]
fn a_host_is_told_of_each_operation() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { path: Some(folder.path().join("vault.db")), ..Options::default() };
    let told = Told::default();
    set_log(listener(&told), LogLevel::Debug).unwrap();

    let client = Client::open(options()).unwrap();
    client.apps().unwrap();
    assert_eq!(operations(&told), ["open", "apps.list"]);

    // A failure names its kind, and not what was given.
    assert_eq!(client.connected_account("sk_live_pasted_here").unwrap_err().kind(), ErrorKind::NotFound);
    let records = taken(&told);
    let last = records.last().unwrap();
    assert_eq!((last.level, last.operation), (LogLevel::Debug, Some("connected_accounts.get")));
    assert_eq!(field(last, "error.type"), Some(&FieldValue::Text("not_found".into())));
    assert!(matches!(field(last, "duration_us"), Some(FieldValue::Number(time)) if *time >= 0));
    assert!(!format!("{records:?}").contains("pasted"), "{records:?}");

    // Levels.
    set_log(listener(&told), LogLevel::Info).unwrap();
    client.apps().unwrap();
    assert_eq!(taken(&told), []);
    set_log(listener(&told), LogLevel::Trace).unwrap();
    drop(client.connected_account("none"));
    let store = taken(&told).into_iter().find(|record| record.message == "store").unwrap();
    assert_eq!(store.operation, Some("connected_accounts.get"));
    assert_eq!(field(&store, "db.system.name"), Some(&FieldValue::Text("sqlite".into())));

    // The async driver's work is on other threads, and tells of the same operation.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let asynchronous = runtime.block_on(AsyncClient::open(options())).unwrap();
    told.lock().unwrap().clear();
    drop(runtime.block_on(asynchronous.connected_account("none")));
    let records = taken(&told);
    assert!(records.iter().all(|record| record.operation == Some("connected_accounts.get")), "{records:?}");
    assert_eq!(records.iter().map(|record| record.message.as_str()).collect::<Vec<_>>(), ["store", "finished"]);

    // Whoever no longer waits has cancelled.
    set_log(listener(&told), LogLevel::Debug).unwrap();
    let within = runtime.enter();
    loop {
        let mut call = Box::pin(asynchronous.connected_account("none"));
        let is_over = call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
        drop(call);
        let kind = field(&taken(&told)[0], "error.type").cloned();
        let expected = if is_over { "not_found" } else { "cancelled" };
        assert_eq!(kind, Some(FieldValue::Text(expected.into())));
        if !is_over {
            break;
        }
    }
    drop(within);

    // Many threads.
    thread::scope(|scope| {
        (0..8).for_each(|_| drop(scope.spawn(|| (0..20).for_each(|_| drop(client.connected_account("none"))))));
    });
    assert_eq!(operations(&told).len(), 160);

    // Who is told may call, of which nothing is told, and may panic.
    let (calling, counted) = (client.clone(), told.clone());
    let calls = move |record: &LogRecord| {
        calling.apps().unwrap();
        counted.lock().unwrap().push(record.clone());
        panic!("the host's own");
    };
    set_log(Some(OnLog::new(calls)), LogLevel::Debug).unwrap();
    client.app("stripe").unwrap();
    client.app("github").unwrap();
    assert_eq!(operations(&told), ["apps.get", "apps.get"]);

    set_log(None, LogLevel::Debug).unwrap();
    client.apps().unwrap();
    assert_eq!(taken(&told), []);
}

#[test]
fn a_level_has_a_name() {
    assert!(LogLevel::ALL.iter().all(|level| LogLevel::named(level.as_str()).unwrap() == *level));
    assert_eq!(LogLevel::named("loud").unwrap_err().fields(), ["level"]);
}
