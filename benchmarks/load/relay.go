package main

import (
	"fmt"
	"net"
	"runtime/debug"
	"strconv"
	"syscall"
	"unsafe"
)

// relay copies bytes between whoever connects and another address, until it is ended: what any process in between costs
// at the least. It asks the kernel itself, with one wait, one read and one write a message, as nginx does: Go's own
// way over its scheduler takes longer.
func relay(wanted load) (any, error) {
	debug.SetGCPercent(-1)
	_, port, err := net.SplitHostPort(wanted.address)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	to := &syscall.SockaddrInet4{Port: number, Addr: [4]byte{127, 0, 0, 1}}
	listener, err := listening(wanted.listen)
	if err != nil {
		return nil, fmt.Errorf("port %d: %w", wanted.listen, err)
	}
	poll, err := syscall.EpollCreate1(0)
	if err != nil {
		return nil, err
	}
	watch := func(descriptor int) {
		event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(descriptor)}
		syscall.EpollCtl(poll, syscall.EPOLL_CTL_ADD, descriptor, &event)
	}
	watch(listener)
	others := map[int32]int32{}
	var events [64]syscall.EpollEvent
	buffer := make([]byte, 64<<10)
	for {
		count, _, failed := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(poll),
			uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), ^uintptr(0), 0, 0)
		if failed != 0 {
			continue
		}
		for _, event := range events[:count] {
			if int(event.Fd) == listener {
				client, server, err := connected(listener, to)
				if err != nil {
					return nil, err
				}
				others[int32(client)], others[int32(server)] = int32(server), int32(client)
				watch(client)
				watch(server)
				continue
			}
			other := others[event.Fd]
			if !copied(int(event.Fd), int(other), buffer) {
				syscall.Close(int(event.Fd))
				syscall.Close(int(other))
			}
		}
	}
}

func listening(port int) (int, error) {
	listener, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return 0, err
	}
	syscall.SetsockoptInt(listener, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err := syscall.Bind(listener, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, err
	}
	return listener, syscall.Listen(listener, 4096)
}

// connected accepts a client and connects to the server for it.
func connected(listener int, to *syscall.SockaddrInet4) (int, int, error) {
	client, _, err := syscall.Accept(listener)
	if err != nil {
		return 0, 0, err
	}
	server, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return 0, 0, err
	}
	for _, each := range []int{client, server} {
		syscall.SetsockoptInt(each, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	}
	return client, server, syscall.Connect(server, to)
}

// copied passes on what there is to read; false when one of the two has ended.
func copied(from, to int, buffer []byte) bool {
	count, _, failed := syscall.RawSyscall(syscall.SYS_READ, uintptr(from),
		uintptr(unsafe.Pointer(&buffer[0])), uintptr(len(buffer)))
	if failed != 0 || count == 0 {
		return false
	}
	for sent := uintptr(0); sent < count; {
		written, _, failed := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(to),
			uintptr(unsafe.Pointer(&buffer[sent])), count-sent)
		if failed != 0 {
			return false
		}
		sent += written
	}
	return true
}
