#!/bin/sh
# What recording costs on other wires than plain HTTP/1.1: HTTP/2, HTTP/1.1 and
# HTTP/2 over TLS, with h2load straight to nginx, through nginx and haproxy as
# proxies and through dvr, in turn.  All proxies have one thread; TLS is ended
# and begun anew by each.  nginx speaks HTTP/1.1 upstream, it knows no other.
# CPU a request is what holds; rates drift with the machine's neighbours.
#   BENCH_ROUNDS (3)  BENCH_REQUESTS (40000)
set -eu
BUILD=${BUILD:-build}
rounds=${BENCH_ROUNDS:-3}
requests=${BENCH_REQUESTS:-40000}
for tool in h2load nginx python3 openssl; do
	command -v $tool >/dev/null 2>&1 || {
		echo "bench: other wires not measured: no $tool here" >&2
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

# ---- who takes part ----------------------------------------------------------

# Free now; nothing else here asks for one.
free_ports() { # N
	python3 -c "import socket
s = [socket.create_server(('127.0.0.1', 0)) for _ in range($1)]
print(*[x.getsockname()[1] for x in s])"
}
nginx_conf() { # NAME, then its servers on stdin
	cat <<-CONF
	worker_processes 1; daemon off; master_process off;
	pid $tmp/$1.pid; error_log $tmp/$1.log;
	events { worker_connections 4096; }
	http {
		access_log off; tcp_nodelay on;
		keepalive_requests 1000000000;
		ssl_certificate $tmp/cert; ssl_certificate_key $tmp/key;
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
run() { # NAME COMMAND...: its pid in pid_NAME
	name=$1; shift
	"$@" 2>"$tmp/$name.err" &
	eval "pid_$name=$!"
	pids="$pids $!"
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout "$tmp/key" -out "$tmp/cert" -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>"$tmp/openssl.err"
cat "$tmp/cert" "$tmp/key" >"$tmp/both"
# shellcheck disable=SC2046
set -- $(free_ports 7)
plain=$1 direct_h2=$2 direct_tls=$3 nginx_h2=$4 nginx_tls=$5
haproxy_h2=$6 haproxy_tls=$7
mkdir "$tmp/www"
head -c 1024 /dev/zero | tr '\0' x >"$tmp/www/1k"
echo "server { listen 127.0.0.1:$plain; listen 127.0.0.1:$direct_h2 http2;
	listen 127.0.0.1:$direct_tls ssl http2; root $tmp/www; }" |
	nginx_conf direct >"$tmp/direct.conf"
echo "upstream b { server 127.0.0.1:$plain; keepalive 256;
	keepalive_requests 1000000000; }
	upstream s { server 127.0.0.1:$direct_tls; keepalive 256;
	keepalive_requests 1000000000; }
	proxy_http_version 1.1; proxy_set_header Connection \"\";
	server { listen 127.0.0.1:$nginx_h2 http2;
		location / { proxy_pass http://b; } }
	server { listen 127.0.0.1:$nginx_tls ssl http2;
		location / { proxy_pass https://s; } }" |
	nginx_conf nginx >"$tmp/nginx.conf"
cat >"$tmp/haproxy.cfg" <<CONF
global
	nbthread 1
	maxconn 4096
	ssl-server-verify none
defaults
	mode http
	timeout connect 5s
	timeout client 60s
	timeout server 60s
listen h2
	bind 127.0.0.1:$haproxy_h2 proto h2
	server b 127.0.0.1:$direct_h2 proto h2
frontend tls
	bind 127.0.0.1:$haproxy_tls ssl crt $tmp/both alpn h2,http/1.1
	use_backend two if { ssl_fc_alpn h2 }
	default_backend one
backend one
	server b 127.0.0.1:$direct_tls ssl
backend two
	server b 127.0.0.1:$direct_tls ssl alpn h2
CONF
cat >"$tmp/dvr.yaml" <<YAML
apiVersion: networking.replay.io/v1alpha1
kind: StatefulTunnel
metadata: {name: bench, namespace: bench}
spec:
  capture: {max_memory: 64MiB}
  fixtures: $tmp/fixtures
  lanes:
    - {name: plain, role: ingress, target: "http://127.0.0.1:$direct_h2"}
    - {name: secure, role: ingress, listen: "https://127.0.0.1:0",
       target: "https://127.0.0.1:$direct_tls", ca: $tmp/cert}
YAML
run direct nginx -e "$tmp/direct.log" -c "$tmp/direct.conf"
run nginx nginx -e "$tmp/nginx.log" -c "$tmp/nginx.conf"
wait_for "$direct_h2"
wait_for "$nginx_h2"
turn="direct nginx dvr"
if command -v haproxy >/dev/null 2>&1; then
	run haproxy haproxy -db -f "$tmp/haproxy.cfg"
	wait_for "$haproxy_h2"
	turn="direct nginx haproxy dvr"
else
	echo "bench: no haproxy here: not measured"
fi
run dvr "$BUILD/dvr" record -c "$tmp/dvr.yaml"
lane_port() { # NAME
	sed -n "s/.*$1: https\{0,1\}:\/\/127.0.0.1:\([0-9]*\).*/\1/p" \
		"$tmp/dvr.err"
}
i=0
until dvr_tls=$(lane_port secure) && [ -n "$dvr_tls" ]; do
	i=$((i + 1))
	[ $i -lt 100 ] || { cat "$tmp/dvr.err" >&2; exit 1; }
	sleep 0.05
done
# read below by their names
# shellcheck disable=SC2034
dvr_h2=$(lane_port plain)

# ---- measuring -----------------------------------------------------------------

ticks=$(getconf CLK_TCK)
cpu_us() { # PID
	sed 's/.*) //' "/proc/$1/stat" |
		awk -v t="$ticks" '{ printf "%.0f\n", ($12 + $13) * 1e6 / t }'
}
measure() { # NAME WIRE PORT-KIND H2LOAD-OPTION...
	who=$1 wire=$2 scheme=http port='' pid=''
	[ "$3" = tls ] && scheme=https
	eval "port=\$${who}_$3 pid=\$pid_$who"
	shift 3
	before=$(cpu_us "$pid")
	timeout -k 5 100 h2load -n "$requests" "$@" \
		"$scheme://127.0.0.1:$port/1k" >"$tmp/out"
	after=$(cpu_us "$pid")
	grep -q "$requests succeeded, 0 failed" "$tmp/out" || {
		cat "$tmp/out" >&2
		exit 1
	}
	rate=$(sed -n 's/.* \([0-9.]*\) req\/s.*/\1/p' "$tmp/out" | head -1)
	echo "$wire $who $rate $(((after - before) / (requests / 100)))"
}
r=0
while [ $r -lt "$rounds" ]; do
	for who in $turn; do measure "$who" h2 h2 -c8 -m16; done
	for who in $turn; do measure "$who" tls1 tls --h1 -c32; done
	for who in $turn; do measure "$who" tls2 tls -c8 -m16; done
	r=$((r + 1))
done >"$tmp/all"

# ---- the tables -----------------------------------------------------------------

median() { # WIRE NAME COLUMN
	awk -v w="$1" -v n="$2" -v c="$3" '$1 == w && $2 == n { print $c }' \
		"$tmp/all" | sort -n |
		awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
table() { # WIRE TITLE
	echo
	echo "$2, 1 KiB; medians of $rounds rounds of $requests requests;" \
		"load average $(cut -d' ' -f1 /proc/loadavg) on $(nproc) cores"
	for who in $turn; do
		echo "$who $(median "$1" "$who" 3) $(median "$1" "$who" 4)"
	done | awk '
		{ name[NR] = $1; rate[$1] = $2; cpu[$1] = $3 / 100 }
		END {
			f = "%-10s %8s %8s %8.0f %8.2f\n"
			printf "%-10s %8s %8s %8s %8s\n", "", "CPU us", \
				"/nginx", "req/s", "/direct"
			for (i = 1; i <= NR; i++) {
				n = name[i]
				c = sprintf("%.1f", cpu[n])
				q = sprintf("%.2f", cpu[n] / cpu["nginx"])
				if (n == "direct")
					c = q = "-"
				printf f, n, c, q, rate[n], \
					rate[n] / rate["direct"]
			}
		}'
}
table h2 "HTTP/2, 8 connections of 16 streams"
table tls1 "HTTP/1.1 over TLS, 32 connections"
table tls2 "HTTP/2 over TLS, 8 connections of 16 streams"
