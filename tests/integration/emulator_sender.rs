//! The app's side: relay streams as bytes, and local ports that lead to them.

use futures_util::StreamExt as _;
use hybrid_connection_manager::emulator::sender::{
    LocalForward, RelayStream, Sender, SenderConfig, SenderError,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::emulator_client::{
    Bench, Socket, bench, close_frame, control_message, receive, send, within,
};

fn sender(bench: &Bench) -> Sender {
    let text = bench.emulator.connection_string("contoso", "hc", "defaultSender").unwrap();
    let config = SenderConfig::from_connection_string(text.expose()).unwrap();
    config.trust(bench.emulator.ca_pem()).build().unwrap()
}

async fn accept(bench: &Bench, listener: &mut Socket) -> Socket {
    let message = control_message(listener).await;
    bench.rendezvous(message["accept"]["address"].as_str().unwrap()).await.unwrap()
}

async fn stream(bench: &Bench, listener: &mut Socket) -> (RelayStream, Socket) {
    let sender = sender(bench);
    let (stream, accepted) = tokio::join!(sender.connect(), accept(bench, listener));
    (stream.unwrap(), accepted)
}

#[tokio::test]
async fn a_stream_carries_bytes_and_half_closes() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let (stream, mut accepted) = stream(&bench, &mut listener).await;
    let (mut read, mut write) = stream.into_split();
    let data: Vec<u8> = (0..200_000_u32).map(|i| i as u8).collect();
    write.write_all(&data).await.unwrap();
    write.shutdown().await.unwrap();
    let mut arrived = Vec::new();
    while arrived.len() < data.len() {
        arrived.extend(receive(&mut accepted).await);
    }
    assert!(arrived == data);
    assert_eq!(u16::from(close_frame(&mut accepted).await.code), 1000);
    // tungstenite has answered the Close frame, which ends the other direction.
    accepted.next().await;
    let mut rest = Vec::new();
    within(read.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty());
    assert!(write.write_all(b"more").await.is_err());
}

#[tokio::test]
async fn a_refusal_gives_status_and_reason() {
    let bench = bench().await;
    match sender(&bench).connect().await.unwrap_err() {
        SenderError::Refused { status, reason } => {
            assert_eq!(status, 404);
            assert!(reason.starts_with("There are no listeners connected for the endpoint."));
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_abort_is_an_error_and_no_end() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let (mut stream, mut accepted) = stream(&bench, &mut listener).await;
    send(&mut accepted, b"half").await;
    let mut four = [0; 4];
    within(stream.read_exact(&mut four)).await.unwrap();
    accepted.get_mut().get_mut().0.set_zero_linger().unwrap();
    drop(accepted);
    assert!(within(stream.read(&mut four)).await.is_err());
}

#[tokio::test]
async fn a_local_port_leads_to_the_listener() {
    let bench = bench().await;
    let forward = LocalForward::bind(sender(&bench), 0).await.unwrap();
    let mut refused = TcpStream::connect(("127.0.0.1", forward.port())).await.unwrap();
    assert!(within(refused.read_u8()).await.is_err(), "there is no listener");
    assert_eq!((forward.opened(), forward.refused()), (0, 1));

    let mut listener = bench.listen().await;
    let (local, mut accepted) = tokio::join!(
        TcpStream::connect(("127.0.0.1", forward.port())),
        accept(&bench, &mut listener)
    );
    let mut local = local.unwrap();
    local.write_all(b"ping").await.unwrap();
    assert_eq!(receive(&mut accepted).await, b"ping");
    send(&mut accepted, b"pong").await;
    accepted.close(None).await.unwrap();
    let mut answer = Vec::new();
    within(local.read_to_end(&mut answer)).await.unwrap();
    assert_eq!(answer, b"pong");
    drop(local);
    forward.shutdown().await;
}
