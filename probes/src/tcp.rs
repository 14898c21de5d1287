//! `tcp`: passes when something accepts a connection on a loopback port.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::net::TcpStream;

use crate::fault::Fault;
use crate::registry::{Field, Kind};
use crate::value::Port;
use crate::{Attempt, Context, Probe, words};

pub(crate) const KIND: Kind = Kind {
    name: "tcp",
    about: "Passes when something accepts a connection on the port: 127.0.0.1, then [::1].",
    attempt_timeout: Duration::from_millis(200),
    fields: &[Field::optional::<Port>(
        "port",
        "The port to connect to. Default: the service's `port`.",
    )],
    tolerates: &[],
    build: |fields| {
        let own = fields.read::<Port>("port");
        if own.is_none() && fields.has("port") {
            return None;
        }
        let Some(port) = own.map(|port| port.0).or(fields.service_port()) else {
            fields.report(
                Fault::error("missing_field", "a tcp probe needs a port")
                    .with_help("give `ready.port`, or the service's `port`"),
            );
            return None;
        };
        Some(Arc::new(Tcp { port }))
    },
};

#[derive(Debug)]
struct Tcp {
    port: u16,
}

#[async_trait]
impl Probe for Tcp {
    fn target(&self) -> String {
        format!("tcp 127.0.0.1:{}", self.port)
    }

    fn label(&self) -> String {
        format!("tcp :{}", self.port)
    }

    async fn attempt(&self, _: &Context<'_>) -> Attempt {
        let connect = |ip: IpAddr| TcpStream::connect(SocketAddr::new(ip, self.port));
        let Err(first) = connect(Ipv4Addr::LOCALHOST.into()).await else {
            return Attempt::Passed;
        };
        match connect(Ipv6Addr::LOCALHOST.into()).await {
            Ok(_) => Attempt::Passed,
            // The first one counts: the second is the odd place to listen.
            Err(_) => Attempt::Failed(words::short(&first)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::net::TcpListener;

    use super::*;
    use crate::registry::tests::{closed_port, made, nothing};

    async fn attempt_on(port: u16) -> Attempt {
        let probe = made(&json!({ "type": "tcp" }), Some(port));
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
    fn its_own_port_beats_the_port_of_the_service() {
        let probe = made(&json!({ "type": "tcp", "port": 8088 }), Some(80));
        assert_eq!(probe.label(), "tcp :8088");
        assert_eq!(probe.target(), "tcp 127.0.0.1:8088");
    }
}
