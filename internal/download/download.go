// Package download gets files over HTTP. A download that was cut off goes on where it stopped, in the same call and in
// a later one, and a file appears only when its size and checksum are right.
package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"mslora/internal/hint"
)

// ErrNotFound is wrapped where the server does not have a file.
var ErrNotFound = errors.New("not found")

// File says what is to come from where.
type File struct {
	URL    string
	Size   int64  // bytes; 0: what the server says
	SHA256 string // hexadecimal; empty: what the server says, see stated
	Opaque bool   // without SHA256: the server's tags are no checksums, so the length is all that is checked
}

// Client downloads. The zero value works.
type Client struct {
	Token    string                  // sent to the server that a URL names, as a bearer token; empty: none
	Attempts int                     // for a download that breaks off; 0: 5
	Pause    time.Duration           // before the second attempt, doubled for each further one; 0: 1 s
	Stall    time.Duration           // without a byte, after which a connection counts as broken; 0: 30 s
	Progress func(done, total int64) // is told of bytes of the current file, if not nil; total 0: unknown
}

// breakError is a failure that another attempt may not meet.
type breakError struct{ error }

func (e breakError) Unwrap() error { return e.error }

// Fetch downloads f to path, whose folder must exist. What came in part stays in path.part for the next call. A file that
// is at path is replaced.
func (c *Client) Fetch(ctx context.Context, f File, path string) error {
	part := path + ".part"
	attempts, pause := max(c.Attempts, 0), c.Pause
	if attempts == 0 {
		attempts = 5
	}
	if pause == 0 {
		pause = time.Second
	}
	for attempt := 1; ; attempt++ {
		err := c.attempt(ctx, f, part)
		if err == nil {
			return os.Rename(part, path)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var broken breakError
		if !errors.As(err, &broken) {
			return explain(err)
		}
		if attempt >= attempts {
			return &hint.Error{Err: err, Hint: "check the network and run the same command again; it goes on where this one stopped"}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause << (attempt - 1)):
		}
	}
}

// explain says how to mend a full disk.
func explain(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &hint.Error{Err: err, Hint: "free some space and run the same command again; it goes on where this one stopped"}
	}
	return err
}

// attempt completes part with one request, and checks it.
func (c *Client) attempt(ctx context.Context, f File, part string) error {
	have := int64(0)
	if info, err := os.Stat(part); err == nil {
		have = info.Size()
	}
	if f.Size > 0 && have >= f.Size {
		if err := verify(part, f, f.SHA256); err == nil && have == f.Size {
			return nil
		}
		if err := os.Remove(part); err != nil {
			return err
		}
		have = 0
	}
	stall := c.Stall
	if stall == 0 {
		stall = 30 * time.Second
	}
	requestContext, cancel := context.WithCancel(ctx)
	defer cancel()
	watchdog := time.AfterFunc(stall, cancel)
	defer watchdog.Stop()
	answer, err := c.request(requestContext, f.URL, have)
	if err != nil {
		return c.broken(ctx, f, err, stall)
	}
	defer answer.Body.Close()
	resumed, err := accept(answer, f, have)
	if err != nil {
		if answer.StatusCode == http.StatusRequestedRangeNotSatisfiable {
			err = errors.Join(err, os.Remove(part))
		}
		return err
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if !resumed {
		flags |= os.O_TRUNC
		have = 0
	}
	total := f.Size
	if answer.ContentLength >= 0 {
		if total = have + answer.ContentLength; f.Size > 0 && total != f.Size {
			return hint.New("the file was replaced at its source", "%s: the server has %d bytes, expected %d", f.URL, total, f.Size)
		}
	}
	file, err := os.OpenFile(part, flags, 0o644)
	if err != nil {
		return err
	}
	done := have
	_, err = io.Copy(file, readerFunc(func(p []byte) (int, error) {
		n, err := answer.Body.Read(p)
		watchdog.Reset(stall)
		if done += int64(n); c.Progress != nil && n > 0 {
			c.Progress(done, total)
		}
		if err != nil && err != io.EOF {
			err = breakError{err}
		}
		return n, err
	}))
	err = errors.Join(err, file.Sync(), file.Close())
	switch {
	case err != nil && errors.As(err, new(breakError)) || err == nil && total > 0 && done < total:
		if ctx.Err() == nil && requestContext.Err() != nil {
			return breakError{fmt.Errorf("%s: no byte came for %v", f.URL, stall)}
		}
		return breakError{fmt.Errorf("%s: broke off after %d of %d bytes", f.URL, done, total)}
	case err != nil:
		return err
	}
	sum := f.SHA256
	if sum == "" && !f.Opaque {
		sum = stated(answer)
	}
	err = verify(part, f, sum)
	if err == nil {
		return nil
	}
	if removeErr := os.Remove(part); removeErr != nil {
		return removeErr
	}
	if resumed { // the part from before may have been the wrong one
		return breakError{err}
	}
	return err
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func (c *Client) request(ctx context.Context, url string, have int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "mslora")
	request.Header.Set("Accept-Encoding", "identity") // lengths and ranges count the file's own bytes
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token) // net/http drops it when another host is redirected to
	}
	return http.DefaultClient.Do(request)
}

// broken describes an error of a request without an answer.
func (c *Client) broken(ctx context.Context, f File, err error, stall time.Duration) error {
	var network *net.OpError
	var name *net.DNSError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &name) && name.IsNotFound:
		return hint.New("check the network and the address", "%w", err)
	case errors.Is(err, context.Canceled):
		return breakError{fmt.Errorf("%s: no answer within %v", f.URL, stall)}
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return breakError{err} // net/http's text names the address
	}
	return hint.New("give the address of a server, such as https://example.org", "%w", err)
}

// accept judges an answer's status. resumed says that it goes on after have bytes.
func accept(answer *http.Response, f File, have int64) (resumed bool, err error) {
	switch status := answer.StatusCode; {
	case status == http.StatusOK:
		return false, nil
	case status == http.StatusPartialContent:
		var start int64
		if _, err := fmt.Sscanf(answer.Header.Get("Content-Range"), "bytes %d-", &start); err != nil || start != have {
			return false, fmt.Errorf("%s: asked for bytes from %d on, the server sends %q", f.URL, have, answer.Header.Get("Content-Range"))
		}
		return true, nil
	case status == http.StatusRequestedRangeNotSatisfiable:
		return false, breakError{fmt.Errorf("%s: the server has no bytes from %d on", f.URL, have)}
	case status == http.StatusNotFound, status == http.StatusGone:
		return false, fmt.Errorf("%s: %w (%s)", f.URL, ErrNotFound, answer.Status)
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return false, hint.New("ask its owner for access, make an access token of your account and set HF_TOKEN", "%s: %s", f.URL, answer.Status)
	case status == http.StatusTooManyRequests, status >= 500:
		return false, breakError{fmt.Errorf("%s: %s", f.URL, answer.Status)}
	default:
		return false, fmt.Errorf("%s: %s", f.URL, answer.Status)
	}
}
