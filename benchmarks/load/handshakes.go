package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

var contentLength = regexp.MustCompile(`\r\nContent-Length: (\d+)`)

type handshakesResult struct {
	PerSecond float64 `json:"per_second"`
	Failed    int64   `json:"failed"`
}

// handshakes opens polling sessions one after the other on each connection, which it keeps as long as the server does.
func handshakes(wanted load) (any, error) {
	request := []byte("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: " + wanted.host + "\r\n\r\n")
	var done, failed atomic.Int64
	var last atomic.Value
	var all sync.WaitGroup
	began := time.Now()
	until := began.Add(wanted.time)
	for range make([]struct{}, wanted.connections) {
		all.Add(1)
		go func() {
			defer all.Done()
			for time.Now().Before(until) {
				count, err := handshakesOn(wanted.address, request, until)
				done.Add(count)
				if err != nil {
					failed.Add(1)
					last.Store(err)
					time.Sleep(10 * time.Millisecond)
				}
			}
		}()
	}
	all.Wait()
	if done.Load() == 0 {
		return nil, fmt.Errorf("no handshake succeeded: %v", last.Load())
	}
	return handshakesResult{float64(done.Load()) / time.Since(began).Seconds(), failed.Load()}, nil
}

// handshakesOn uses one connection until the time is up or the server closes it.
func handshakesOn(address string, request []byte, until time.Time) (int64, error) {
	connection, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return 0, err
	}
	defer connection.Close()
	connection.SetDeadline(until.Add(5 * time.Second))
	answer := make([]byte, 4096)
	var count int64
	for time.Now().Before(until) {
		if _, err := connection.Write(request); err != nil {
			return count, err
		}
		closing, err := handshake(connection, answer)
		if err != nil {
			return count, err
		}
		count++
		if closing {
			return count, nil
		}
	}
	return count, nil
}

// handshake reads one answer, of which it wants the status 200, a length and an open packet; it tells whether it is the
// connection's last. The parsing is no more than that, since every microsecond here is missing to the servers.
func handshake(connection net.Conn, answer []byte) (bool, error) {
	for length := 0; length < len(answer); {
		count, err := connection.Read(answer[length:])
		if err != nil {
			return false, err
		}
		length += count
		head, body, found := bytes.Cut(answer[:length], []byte("\r\n\r\n"))
		if !found {
			continue
		}
		if !bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")) {
			return false, fmt.Errorf("%.60s", head)
		}
		match := contentLength.FindSubmatch(head)
		if match == nil {
			return false, fmt.Errorf("no Content-Length in %q", head)
		}
		wanted, _ := strconv.Atoi(string(match[1]))
		if len(body) < wanted {
			continue
		}
		if !bytes.HasPrefix(body, []byte(`0{"sid"`)) {
			return false, fmt.Errorf("%.60q is no open packet", body)
		}
		return bytes.Contains(head, []byte("\r\nConnection: close")), nil
	}
	return false, errors.New("the answer is too long")
}
