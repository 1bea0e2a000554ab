"""Runs the binary with every format, reader, number of sockets and output, and counts rows: what scripts gave to an output is what arrived and what
the run says was lost. Prints TAP. usage: matrix.py BINARY STREAM-OF-FEW ROWS STREAM-OF-MANY ROWS"""
import concurrent.futures, os, re, shutil, signal, socket, subprocess, sys, tempfile, threading, time

BINARY, STREAMS = sys.argv[1], [(sys.argv[2], int(sys.argv[3])), (sys.argv[4], int(sys.argv[5]))]
FORMATS = {"json": ["json"], "flat": ["flat"], "csv": ["csv", "--fields", "local_port,remote_port,state"], "protobuf": ["protobuf"]}
READERS = ["fast", "slow", "half-closing", "dying", "never"]
OUTPUTS = ["tcp", "unix", "stdout"]
PIECE = 1 << 18


def varint(data, at):
    value = shift = 0
    while at < len(data):
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    return None, at


def rows_of_message(message):
    rows = at = 0
    while at < len(message):
        tag, at = varint(message, at)
        length, at = varint(message, at)
        assert tag in (10, 18, 26), tag
        rows += tag == 18
        at += length
    return rows


def rows_in(data, form):
    """Rows that arrived whole. A torn one may only be the last."""
    if form == "protobuf":
        rows = at = 0
        while at < len(data):
            length, start = varint(data, at)
            if length is None or start + length > len(data):
                break
            rows += rows_of_message(data[start : start + length])
            at = start + length
        return rows
    lines = data.split(b"\n")[:-1]
    if form == "csv":
        assert not lines or lines[0] == b"local_port,remote_port,state\r", lines[0]
        assert all(re.fullmatch(rb"[0-9]*,[0-9]*,[A-Z_0-9]*\r", line) for line in lines[1:])
        return max(0, len(lines) - 1)
    assert all(line[:1] == b"{" and line[-1:] == b"}" for line in lines)
    return len(lines) if form == "flat" else sum(line.count(b'"socketId"') for line in lines)


class Reader(threading.Thread):
    """Reads from a socket or a pipe in its way; `over` is set when the process has ended."""

    def __init__(self, kind, take):
        super().__init__(daemon=True)
        self.kind, self.take, self.data, self.over = kind, take, [], threading.Event()

    def read_all(self, s, pause):
        while True:
            piece = s.recv(PIECE)
            if not piece:
                return
            self.data.append(piece)
            time.sleep(pause)

    def run(self):
        s = self.take()
        if s is None:
            return
        if self.kind == "half-closing":
            s.shutdown(socket.SHUT_WR)
        if self.kind == "dying":
            for _ in range(2):
                self.data.append(s.recv(20000))
        else:
            if self.kind == "never":
                self.over.wait()
            try:
                self.read_all(s, 0.002 if self.kind == "slow" else 0)
            except ConnectionResetError:
                pass
        s.close()


def listen(output, folder):
    if output == "tcp":
        server = socket.create_server(("127.0.0.1", 0))
        return server, "tcp://127.0.0.1:%d" % server.getsockname()[1]
    server = socket.socket(socket.AF_UNIX)
    server.bind(folder + "/s")
    server.listen(1)
    return server, "unix:" + folder + "/s"


def run(output, kind, form, path):
    folder = tempfile.mkdtemp()
    command = [BINARY, "-s", "protobuf:" + path]
    with open(folder + "/err", "w+b") as err:
        if output == "stdout":
            here, there = socket.socketpair()
            reader = Reader(kind, lambda: here)
            reader.start()
            process = subprocess.Popen(command + FORMATS[form], stdout=there, stderr=err, stdin=subprocess.DEVNULL, start_new_session=True)
            there.close()
            if kind == "never":  # its reader is waited for until somebody says that it is enough
                time.sleep(0.5)
                process.send_signal(signal.SIGTERM)
        else:
            server, url = listen(output, folder)

            def accept():
                s = server.accept()[0]
                server.close()
                return s

            reader = Reader(kind, accept)
            reader.start()
            process = subprocess.Popen(command + ["-o", url] + FORMATS[form], stderr=err, stdin=subprocess.DEVNULL, start_new_session=True)
        code = process.wait()
        reader.over.set()
        reader.join()
        err.seek(0)
        said = err.read().decode()
    shutil.rmtree(folder)
    return rows_in(b"".join(reader.data), form), code, said


def number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def check(output, kind, form, path, count):
    arrived, code, said = run(output, kind, form, path)
    said_last = said.strip().split("\n")[-1]
    lost, unknown = number(r"(\d+) of \d+ rows? w", said_last), number(r"(\d+) rows? may not have arrived", said_last)
    collected = number(r"of (\d+) rows? w", said_last) or count
    result = "%d collected, %d arrived, %d lost, %d unknown, exit %d: %s" % (collected, arrived, lost, unknown, code, said_last)
    # A reader that dies after the run has ended loses what its system kept for it. Of a Unix socket the run waits until that is read.
    late = output != "unix" and kind == "dying" and count < 1000 and code == 0
    right = arrived <= collected - lost and (late or collected - lost - unknown <= arrived) and code == (1 if lost + unknown else 0)
    if kind in ("fast", "slow", "half-closing"):
        right = right and arrived == count
    else:
        right = right and (count < 1000 or lost + unknown > 0)
    return right, result


cells = [(o, r, f, s) for s in STREAMS for o in OUTPUTS for r in READERS for f in FORMATS]
print("1..%d" % len(cells))
with concurrent.futures.ThreadPoolExecutor(24) as pool:
    futures = [pool.submit(check, o, r, f, *s) for o, r, f, s in cells]
    for n, ((o, r, f, s), future) in enumerate(zip(cells, futures), 1):
        try:
            right, result = future.result()
        except Exception as e:
            right, result = False, repr(e)
        print("%s %d - %s to a %s reader over %s, %d rows\n# %s" % ("ok" if right else "not ok", n, f, r, o, s[1], result), flush=True)
