package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// socket is a Socket.IO client on the WebSocket transport, as little of it as the measurements need.
type socket struct {
	connection net.Conn
	reader     *bufio.Reader
}

// dial connects to the namespace "/".
func dial(wanted load) (*socket, error) {
	connection, err := net.DialTimeout("tcp", wanted.address, 10*time.Second)
	if err != nil {
		return nil, err
	}
	made := &socket{connection, bufio.NewReaderSize(connection, 512)}
	if err := made.open(wanted.host); err != nil {
		connection.Close()
		return nil, err
	}
	return made, nil
}

func (s *socket) open(host string) error {
	s.connection.SetDeadline(time.Now().Add(20 * time.Second))
	defer s.connection.SetDeadline(time.Time{})
	fmt.Fprintf(s.connection, "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\n"+
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n", host, host)
	answer, err := http.ReadResponse(s.reader, nil)
	if err != nil {
		return err
	}
	if answer.StatusCode != 101 {
		return fmt.Errorf("upgrade answered with %s", answer.Status)
	}
	if _, err := s.expect("0{"); err != nil {
		return err
	}
	if err := s.send("40"); err != nil {
		return err
	}
	_, err = s.expect("40{")
	return err
}

// expect returns the next message that is no ping, which has to begin as told.
func (s *socket) expect(beginning string) (string, error) {
	for {
		text, err := s.receive()
		if err != nil {
			return "", err
		}
		if text == "2" {
			if err := s.send("3"); err != nil {
				return "", err
			}
			continue
		}
		if !strings.HasPrefix(text, beginning) {
			return "", fmt.Errorf("%q came instead of %q", text, beginning)
		}
		return text, nil
	}
}

// send writes one masked text frame of less than 126 bytes (RFC 6455, section 5.2); a mask of zeros leaves it readable.
func (s *socket) send(text string) error {
	frame := append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...)
	_, err := s.connection.Write(frame)
	return err
}

func (s *socket) receive() (string, error) {
	head := make([]byte, 2, 4)
	if _, err := io.ReadFull(s.reader, head); err != nil {
		return "", err
	}
	length := int(head[1] & 0x7f)
	if length == 126 {
		head = head[:4]
		if _, err := io.ReadFull(s.reader, head[2:]); err != nil {
			return "", err
		}
		length = int(binary.BigEndian.Uint16(head[2:]))
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(s.reader, body); err != nil {
		return "", err
	}
	if head[0] != 0x81 {
		return "", fmt.Errorf("frame %#x came", head[0])
	}
	return string(body), nil
}

// roundTrip sends an event that the server sends back.
func (s *socket) roundTrip() error {
	if err := s.send(`42["echo","0123456789"]`); err != nil {
		return err
	}
	_, err := s.expect(`42["echo"`)
	return err
}
