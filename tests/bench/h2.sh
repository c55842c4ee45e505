#!/bin/sh
# What recording HTTP/2 costs: h2load straight to nginx, through nginx as a proxy
# (which speaks HTTP/1.1 upstream, as it does) and through dvr, in turn.  CPU a
# request is what holds; rates drift with the machine's neighbours.
#   BENCH_ROUNDS (3)  BENCH_REQUESTS (40000)
set -eu
BUILD=${BUILD:-build}
rounds=${BENCH_ROUNDS:-3}
requests=${BENCH_REQUESTS:-40000}
for tool in h2load nginx python3; do
	command -v $tool >/dev/null 2>&1 || {
		echo "bench: HTTP/2 not measured: no $tool here" >&2
		exit 1
	}
done
tmp=$(mktemp -d)
chmod 755 "$tmp"
pids=
cleanup() {
	for p in $pids; do kill "$p" 2>/dev/null || true; done
	for p in $pids; do wait "$p" 2>/dev/null || true; done
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# Free now; nothing else here asks for one.
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

nginx_conf() { # NAME, then its servers on stdin
	cat <<-CONF
	worker_processes 1; daemon off; master_process off;
	pid $tmp/$1.pid; error_log $tmp/$1.log;
	events { worker_connections 4096; }
	http {
		access_log off; tcp_nodelay on;
		keepalive_requests 1000000000;
		client_body_temp_path $tmp; proxy_temp_path $tmp;
		fastcgi_temp_path $tmp; uwsgi_temp_path $tmp;
		scgi_temp_path $tmp;
		$(cat)
	}
	CONF
}

wait_for() { # PORT
	i=0
	until python3 -c "import socket
socket.create_connection(('127.0.0.1', $1)).close()" 2>/dev/null; do
		i=$((i + 1))
		[ $i -lt 100 ] || { echo "bench: port $1 is closed" >&2; exit 1; }
		sleep 0.05
	done
}

direct=$(free_port) plain=$(free_port) proxy=$(free_port)
mkdir "$tmp/www"
head -c 1024 /dev/zero | tr '\0' x >"$tmp/www/1k"
echo "server { listen 127.0.0.1:$direct http2; root $tmp/www; }
	server { listen 127.0.0.1:$plain; root $tmp/www; }" |
	nginx_conf backend >"$tmp/backend.conf"
echo "upstream b { server 127.0.0.1:$plain; keepalive 256;
	keepalive_requests 1000000000; }
	server { listen 127.0.0.1:$proxy http2; location / {
	proxy_pass http://b; proxy_http_version 1.1;
	proxy_set_header Connection \"\"; } }" |
	nginx_conf proxy >"$tmp/proxy.conf"
cat >"$tmp/dvr.yaml" <<YAML
apiVersion: networking.replay.io/v1alpha1
kind: StatefulTunnel
metadata: {name: bench, namespace: bench}
spec: {capture: {max_memory: 64MiB}, fixtures: $tmp/fixtures}
YAML
nginx -e "$tmp/backend.log" -c "$tmp/backend.conf" &
backend_pid=$! pids="$pids $!"
nginx -e "$tmp/proxy.log" -c "$tmp/proxy.conf" &
proxy_pid=$! pids="$pids $!"
wait_for "$direct"
wait_for "$proxy"
"$BUILD/dvr" record -c "$tmp/dvr.yaml" --target "http://127.0.0.1:$direct" \
	2>"$tmp/dvr.err" &
dvr_pid=$! pids="$pids $!"
i=0
until recording=$(sed -n 's/.*client: http:\/\/127.0.0.1:\([0-9]*\).*/\1/p' \
	"$tmp/dvr.err") && [ -n "$recording" ]; do
	i=$((i + 1))
	[ $i -lt 100 ] || { cat "$tmp/dvr.err" >&2; exit 1; }
	sleep 0.05
done

ticks=$(getconf CLK_TCK)
cpu_us() { # PID
	sed 's/.*) //' "/proc/$1/stat" |
		awk -v t="$ticks" '{ printf "%.0f\n", ($12 + $13) * 1e6 / t }'
}
measure() { # NAME PORT PID
	before=$(cpu_us "$3")
	timeout -k 5 60 h2load -n "$requests" -c 8 -m 16 \
		"http://127.0.0.1:$2/1k" >"$tmp/out"
	after=$(cpu_us "$3")
	grep -q "$requests succeeded, 0 failed" "$tmp/out" || {
		cat "$tmp/out" >&2
		exit 1
	}
	rate=$(sed -n 's/.* \([0-9.]*\) req\/s.*/\1/p' "$tmp/out" | head -1)
	echo "$1 $rate $(((after - before) / (requests / 100)))"
}

r=0
while [ $r -lt "$rounds" ]; do
	measure direct "$direct" "$backend_pid"
	measure nginx "$proxy" "$proxy_pid"
	measure dvr "$recording" "$dvr_pid"
	r=$((r + 1))
done >"$tmp/all"
echo "HTTP/2: 8 connections, 16 streams each, 1 KiB; medians of $rounds rounds"
for name in direct nginx dvr; do
	for column in 2 3; do
		awk -v n=$name -v c=$column '$1 == n { print $c }' "$tmp/all" |
			sort -n | awk '{ v[NR] = $1 }
				END { print v[int((NR + 1) / 2)] }'
	done | paste -s -d' ' |
		awk -v n=$name '{ printf "%-8s %8.0f req/s %7.1f us CPU a request\n",
			n, $1, $2 / 100 }'
done
