package local

import (
	"errors"
	"fmt"
	"net"
	"os"
)

// listen makes a listening socket in the directory, for QEMU to inherit, and
// connects to it. The name goes through /proc: a socket's path is limited to
// some 100 bytes, a directory's is not.
func listen(dir, name string) (*os.File, *net.UnixConn, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	defer d.Close()
	path := fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), name)
	// That of a machine which ran here before.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, nil, err
	}
	l.SetUnlinkOnClose(false)
	defer func() { _ = l.Close() }() // the socket is duplicated
	socket, err := l.File()
	if err != nil {
		return nil, nil, err
	}
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, nil, errors.Join(err, socket.Close())
	}
	return socket, conn, nil
}
