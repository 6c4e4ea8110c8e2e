use super::*;
use crate::platform::Paths;

/// Short for what hangs, and ample for what answers.
const QUICK: Limits = Limits { answer: Duration::from_millis(300), start: Duration::ZERO };

struct Bed {
    address: Address,
    _folder: tempfile::TempDir,
}

impl Bed {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // A pipe's name comes from the folder.
        let path = Paths::in_home(folder.path()).unwrap().channel.as_path().to_owned();
        Self { address: Address::new(path.with_file_name("gui.sock")), _folder: folder }
    }

    async fn start(&self) -> Claim {
        self.start_with(None, QUICK).await
    }

    async fn start_with(&self, token: Option<&ActivationToken>, limits: Limits) -> Claim {
        claim_within(&self.address, token, limits).await.unwrap()
    }

    async fn open(&self) -> Front {
        open(self.start().await)
    }
}

fn open(claim: Claim) -> Front {
    match claim {
        Claim::Open(front) => front,
        Claim::Shown => panic!("there is another window"),
    }
}

#[tokio::test]
async fn a_second_start_shows_the_window_that_is_open() {
    let bed = Bed::new();
    let mut first = bed.open().await;
    assert_eq!(first.hung(), 0);
    let token = ActivationToken::new("token_TIME1").unwrap();
    let (second, ()) = tokio::join!(bed.start_with(Some(&token), LIMITS), async {
        let request = first.next().await.unwrap();
        assert_eq!(request.activation(), Some(&token));
        request.shown();
    });
    assert!(matches!(second, Claim::Shown));
    let (third, ()) = tokio::join!(bed.start_with(None, LIMITS), async {
        let request = first.next().await.unwrap();
        assert_eq!(request.activation(), None);
        request.shown();
    });
    assert!(matches!(third, Claim::Shown));
}

#[tokio::test]
async fn the_next_start_after_the_end_of_the_window_opens_it() {
    let bed = Bed::new();
    drop(bed.open().await);
    assert_eq!(bed.open().await.hung(), 0);
}

#[tokio::test]
async fn of_many_starts_at_once_one_opens_the_window() {
    let bed = Bed::new();
    let limits = Limits { start: Duration::from_secs(60), ..LIMITS };
    let starts = (0..6).map(|_| bed.start_with(None, limits));
    let claims = futures_util::future::join_all(starts).await;
    let open = claims.iter().filter(|claim| matches!(claim, Claim::Open(_))).count();
    assert_eq!(open, 1, "{claims:?}");
}

#[tokio::test]
async fn a_window_that_hangs_does_not_keep_people_out() {
    let bed = Bed::new();
    let hung = bed.open().await;
    let mut second = bed.open().await;
    assert_eq!(second.hung(), 1);
    let (third, ()) = tokio::join!(bed.start_with(None, LIMITS), async {
        second.next().await.unwrap().shown();
    });
    assert!(matches!(third, Claim::Shown), "the one that answers is found");
    drop(hung);
    let (fourth, ()) = tokio::join!(bed.start_with(None, LIMITS), async {
        second.next().await.unwrap().shown();
    });
    assert!(matches!(fourth, Claim::Shown), "also when the one that hung has ended");
}

#[tokio::test]
async fn where_all_windows_hang_it_is_said() {
    let bed = Bed::new();
    let mut hung = Vec::new();
    for beside in 0..PLACES {
        hung.push(bed.open().await);
        assert_eq!(hung[beside].hung(), beside);
    }
    let error = claim_within(&bed.address, None, QUICK).await.unwrap_err();
    assert!(matches!(error, ClaimError::NoneAnswers), "{error}");
    assert!(error.to_string().contains("none of them answers"));
}

#[tokio::test]
async fn a_window_that_is_just_starting_is_believed_to_come() {
    let bed = Bed::new();
    let mut first = open(bed.start_with(None, LIMITS).await);
    assert!(matches!(bed.start_with(None, LIMITS).await, Claim::Shown), "before it is drawn");
    first.next().await.unwrap().shown();
    let beside = bed.open().await;
    assert_eq!(beside.hung(), 1, "from now on it answers for itself");
}

#[tokio::test]
async fn a_request_that_is_dropped_is_no_answer() {
    let bed = Bed::new();
    let mut first = bed.open().await;
    let refuse = async {
        loop {
            drop(first.next().await);
        }
    };
    let second = tokio::select! {
        second = bed.open() => second,
        () = refuse => unreachable!(),
    };
    assert_eq!(second.hung(), 1);
}

#[tokio::test]
async fn what_is_no_call_is_told_so() {
    let bed = Bed::new();
    let _first = bed.open().await;
    let mut stream = Stream::connect(&bed.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\n").await.unwrap();
    assert_eq!(line::read(&mut stream).await.unwrap(), line::UNKNOWN.trim_end());
}

#[cfg(unix)]
#[tokio::test]
async fn a_window_opens_also_where_there_is_no_place_for_a_socket() {
    let bed = Bed::new();
    let run = bed.address.as_path().parent().unwrap();
    std::fs::File::create(run).unwrap();
    let error = claim(&bed.address, None).await.unwrap_err();
    assert!(matches!(error, ClaimError::NoPlace(_)), "{error}");
    assert!(error.to_string().contains("is not a folder"), "{error}");
}

#[test]
fn the_addresses_beside_the_first_are_numbered() {
    let at = |path: &str, number| {
        Place::new(&Address::new(path.into()), number).address.as_path().to_owned()
    };
    assert_eq!(at("/run/x/gui.sock", 1), std::path::Path::new("/run/x/gui.sock"));
    assert_eq!(at("/run/x/gui.sock", 3), std::path::Path::new("/run/x/gui-3.sock"));
    assert_eq!(at("/run/x/gui", 2), std::path::Path::new("/run/x/gui-2"));
}
