//! `tcp`: passes when something accepts a connection on a loopback port.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::net::TcpStream;

use crate::registry::{Absent, Kind, Parameter, Type};
use crate::{Attempt, Context, Probe, errors};

pub(crate) const KIND: Kind = Kind {
    name: "tcp",
    about: "Passes when something accepts a connection on the port: 127.0.0.1, then [::1].",
    attempt_timeout: Duration::from_millis(200),
    parameters: &[Parameter {
        name: "port",
        about: "The port to connect to. Default: the service's `port`.",
        takes: Type::Port,
        absent: Absent::ServicePort,
        default: None,
        example: "5432",
    }],
    build: Some(|arguments| {
        let port = arguments.port("port")?;
        Ok(Arc::new(Tcp { port }))
    }),
};

#[derive(Debug)]
struct Tcp {
    port: u16,
}

#[async_trait]
impl Probe for Tcp {
    fn kind(&self) -> &'static str {
        KIND.name
    }

    fn target(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn label(&self) -> String {
        format!("tcp :{}", self.port)
    }

    fn port(&self) -> Option<u16> {
        Some(self.port)
    }

    async fn attempt(&self, _: &Context<'_>) -> Attempt {
        let connect = |ip: IpAddr| TcpStream::connect(SocketAddr::new(ip, self.port));
        let Err(first) = connect(Ipv4Addr::LOCALHOST.into()).await else {
            return Attempt::Passed;
        };
        match connect(Ipv6Addr::LOCALHOST.into()).await {
            Ok(_) => Attempt::Passed,
            // The first one counts: the second is the odd place to listen.
            Err(_) => Attempt::Failed(errors::short(&first)),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::registry::Argument;
    use crate::registry::tests::{build, closed_port, nothing};

    async fn attempt_on(port: u16) -> Attempt {
        let probe = build(&KIND, "port", Argument::Port(port)).unwrap();
        probe.attempt(&nothing()).await
    }

    #[tokio::test]
    async fn it_passes_when_somebody_listens_on_either_loopback_address() {
        let v4 = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = v4.local_addr().unwrap().port();
        assert_eq!(attempt_on(port).await, Attempt::Passed);
        // A machine without IPv6 has nothing more to test here.
        if let Ok(v6) = TcpListener::bind("[::1]:0").await {
            let port = v6.local_addr().unwrap().port();
            assert_eq!(attempt_on(port).await, Attempt::Passed);
        }
    }

    #[tokio::test]
    async fn it_fails_when_nobody_listens() {
        let (_held, port) = closed_port();
        let refused = Attempt::Failed("connection refused".to_owned());
        assert_eq!(attempt_on(port).await, refused);
    }

    #[test]
    fn label_and_target_name_the_port() {
        let probe = build(&KIND, "port", Argument::Port(8088)).unwrap();
        assert_eq!(probe.label(), "tcp :8088");
        assert_eq!((probe.kind(), &*probe.target()), ("tcp", "127.0.0.1:8088"));
        assert_eq!(probe.port(), Some(8088));
    }
}
