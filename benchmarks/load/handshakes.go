package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

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
	reader := bufio.NewReader(connection)
	var count int64
	for time.Now().Before(until) {
		if _, err := connection.Write(request); err != nil {
			return count, err
		}
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			return count, err
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return count, err
		}
		if answer.StatusCode != 200 || !bytes.HasPrefix(body, []byte(`0{"sid"`)) {
			return count, errors.New(answer.Status)
		}
		count++
		if answer.Close {
			return count, nil
		}
	}
	return count, nil
}
