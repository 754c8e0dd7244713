//! Small recordings, made up: enough to train on in milliseconds. They show that the programs work, never how well.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::json;

/// The time of the first sample, in seconds since 1970: 2026-11-20T23:30:00Z.
const BEGIN: u64 = 1_795_217_400;
const SAMPLES: u64 = 8;

/// Writes a recording of `pods` pods of each of `types` into `dir`; a type's pods use memory and network alike.
pub fn write(dir: &Path, types: &[&str], pods: usize) {
    let (mut events, mut metrics) = (String::new(), String::new());
    let all: Vec<(usize, usize)> = (0..types.len()).flat_map(|class| (0..pods).map(move |pod| (class, pod))).collect();
    for (class, pod) in &all {
        let (name, image) = (format!("{}-{pod}", types[*class]), types[*class]);
        let object = json!({
            "metadata": {"namespace": "shop", "name": name, "uid": format!("uid-{name}")},
            "spec": {"containers": [{"name": "app", "image": image}]},
            "status": {"phase": "Running", "containerStatuses": [{
                "name": "app", "image": image, "imageID": "", "ready": true, "restartCount": 0,
                "state": {"running": {"startedAt": "2026-11-20T23:29:55Z"}},
            }]},
        });
        let event = json!({"time": "2026-11-20T23:29:55.000Z", "type": "ADDED", "object": object});
        writeln!(events, "{event}").expect("a String takes text");
    }
    for sample in 0..SAMPLES {
        for (class, pod) in &all {
            let name = format!("{}-{pod}", types[*class]);
            let nanos = (BEGIN + sample * 10) * 1_000_000_000;
            // Types are a factor of 4 apart, pods of a type some per cent.
            let level = 4_u64.pow(*class as u32) * (100 + *pod as u64 + sample % 3);
            let (rss, sent) = (level * 10_000, level * (sample + 1));
            writeln!(
                metrics,
                "kubernetes_pod_container,container_name=app,namespace=shop,pod_name={name} memory_rss_bytes={rss}i,\
                 memory_usage_bytes={}i,cpu_usage_core_nanoseconds={}i {nanos}\n\
                 kubernetes_pod_network,namespace=shop,pod_name={name} rx_bytes={sent}i,tx_bytes={sent}i {nanos}",
                rss * 2,
                sent * 1000,
            )
            .expect("a String takes text");
        }
    }
    fs::create_dir_all(dir).expect("a folder");
    fs::write(dir.join("pods.jsonl"), events).expect("written");
    fs::write(dir.join("metrics.lp"), metrics).expect("written");
}
