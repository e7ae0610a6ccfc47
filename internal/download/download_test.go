package download

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mslora/internal/hint"
)

var content = bytes.Repeat([]byte("0123456789abcdef"), 640)

func sum(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

// server serves content at /file on the loopback and can fail in the ways of real ones.
type server struct {
	*httptest.Server
	mutex    sync.Mutex
	ranges   []string // of each request for the file
	tokens   []string
	cuts     []int // bytes after which the next answers break off; 0: not at all
	statuses []int // of the next answers, instead of the file
	noRanges bool
	stall    chan struct{}
	header   http.Header
}

func serve(t *testing.T) *server {
	s := &server{header: http.Header{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(s.Close)
	return s
}

func (s *server) answer(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch r.URL.Path {
	case "/moved":
		for name, values := range s.header {
			w.Header()[name] = values
		}
		w.Header().Set("Location", s.URL+"/file")
		w.WriteHeader(http.StatusFound)
		return
	case "/file":
	default:
		http.NotFound(w, r)
		return
	}
	s.ranges, s.tokens = append(s.ranges, r.Header.Get("Range")), append(s.tokens, r.Header.Get("Authorization"))
	if len(s.statuses) > 0 {
		status := s.statuses[0]
		s.statuses = s.statuses[1:]
		w.WriteHeader(status)
		return
	}
	if len(s.cuts) > 0 {
		cut := s.cuts[0]
		s.cuts = s.cuts[1:]
		if cut > 0 {
			start := 0
			fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &start)
			w.Header().Set("Content-Length", fmt.Sprint(len(content)-start))
			if start > 0 {
				w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, len(content)-1, len(content)))
				w.WriteHeader(http.StatusPartialContent)
			}
			w.Write(content[start : start+cut])
			w.(http.Flusher).Flush()
			if s.stall != nil {
				<-s.stall
			}
			panic(http.ErrAbortHandler)
		}
	}
	if s.noRanges {
		r.Header.Del("Range")
	}
	http.ServeContent(w, r, "file", time.Time{}, bytes.NewReader(content))
}

func (s *server) file() File {
	return File{URL: s.URL + "/file", Size: int64(len(content)), SHA256: sum(content)}
}

// quick is a client that does not wait.
func quick() *Client { return &Client{Pause: time.Nanosecond} }

func wantContent(t *testing.T, path string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes came, error %v", len(got), err)
	}
	if _, err := os.Stat(path + ".part"); err == nil {
		t.Error("the part is still there")
	}
}

func TestFetch(t *testing.T) {
	s := serve(t)
	path := filepath.Join(t.TempDir(), "file")
	client := quick()
	var last [2]int64
	client.Progress = func(done, total int64) { last = [2]int64{done, total} }
	if err := client.Fetch(t.Context(), s.file(), path); err != nil {
		t.Fatal(err)
	}
	wantContent(t, path)
	if want := int64(len(content)); last != [2]int64{want, want} || len(s.ranges) != 1 || s.ranges[0] != "" {
		t.Errorf("progress %v, ranges %q", last, s.ranges)
	}
}

// A connection that is cut again and again delivers the file in one call.
func TestCutConnections(t *testing.T) {
	s := serve(t)
	s.cuts = []int{1000, 2000, 1}
	path := filepath.Join(t.TempDir(), "file")
	if err := quick().Fetch(t.Context(), s.file(), path); err != nil {
		t.Fatal(err)
	}
	wantContent(t, path)
	if got, want := fmt.Sprintf("%q", s.ranges), `["" "bytes=1000-" "bytes=3000-" "bytes=3001-"]`; got != want {
		t.Errorf("ranges %s, want %s", got, want)
	}
}

// What came stays when all attempts fail, and the next call goes on from there.
func TestResume(t *testing.T) {
	s := serve(t)
	s.cuts = []int{1000, 1000}
	path := filepath.Join(t.TempDir(), "file")
	client := quick()
	client.Attempts = 2
	err := client.Fetch(t.Context(), s.file(), path)
	var hinted *hint.Error
	if err == nil || !strings.Contains(err.Error(), "broke off after 2000 of 10240 bytes") || !errors.As(err, &hinted) {
		t.Fatalf("error %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Fatal("an unfinished file is there")
	}
	if err := client.Fetch(t.Context(), s.file(), path); err != nil {
		t.Fatal(err)
	}
	wantContent(t, path)
	if got := s.ranges[2]; got != "bytes=2000-" {
		t.Errorf("range %q", got)
	}
}

// A part that is no beginning of the file, or that the server cannot go on from, is replaced.
func TestWrongParts(t *testing.T) {
	for _, test := range []struct {
		name     string
		part     []byte
		noRanges bool
	}{
		{"other bytes", bytes.Repeat([]byte("?"), 1000), false},
		{"no ranges", content[:1000], true},
		{"too long", bytes.Repeat([]byte("?"), len(content)+1), false},
		{"as long, other bytes", bytes.Repeat([]byte("?"), len(content)), false},
		{"complete", content, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t)
			s.noRanges = test.noRanges
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path+".part", test.part, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := quick().Fetch(t.Context(), s.file(), path); err != nil {
				t.Fatal(err)
			}
			wantContent(t, path)
			if test.name == "complete" && len(s.ranges) > 0 {
				t.Error("a complete part was fetched again")
			}
		})
	}
	// Without a known size only the server can say that a part is too long.
	s := serve(t)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path+".part", bytes.Repeat([]byte("?"), len(content)+1), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := quick().Fetch(t.Context(), File{URL: s.URL + "/file"}, path); err != nil {
		t.Fatal(err)
	}
	wantContent(t, path)
}

func TestFailures(t *testing.T) {
	for _, test := range []struct {
		name     string
		change   func(*server, *File)
		want     string
		requests int
	}{
		{"wrong checksum", func(_ *server, f *File) { f.SHA256 = sum(nil) }, "its SHA-256 is " + sum(content) + ", expected " + sum(nil), 1},
		{"wrong size", func(_ *server, f *File) { f.Size++ }, "the server has 10240 bytes, expected 10241", 1},
		{"not found", func(_ *server, f *File) { f.URL += "s" }, "/files: not found (404 Not Found)", 0},
		{"no access", func(s *server, _ *File) { s.statuses = []int{401} }, "401 Unauthorized", 1},
		{"other status", func(s *server, _ *File) { s.statuses = []int{418} }, "418 I'm a teapot", 1},
		{"server error for good", func(s *server, _ *File) { s.statuses = []int{500, 502, 503, 504, 500} }, "500 Internal Server Error", 5},
		{"no server", func(s *server, _ *File) { s.Close() }, "connection refused", 0},
		{"no address", func(_ *server, f *File) { f.URL = "nowhere" }, "unsupported protocol scheme", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t)
			f := s.file()
			test.change(s, &f)
			path := filepath.Join(t.TempDir(), "file")
			err := quick().Fetch(t.Context(), f, path)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if errors.Is(err, ErrNotFound) != (test.name == "not found") {
				t.Errorf("error %v is ErrNotFound: %v", err, errors.Is(err, ErrNotFound))
			}
			if len(s.ranges) != test.requests {
				t.Errorf("%d requests, want %d", len(s.ranges), test.requests)
			}
			if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) > 0 {
				t.Errorf("left behind: %v", entries)
			}
		})
	}
}

func TestBusyServer(t *testing.T) {
	s := serve(t)
	s.statuses = []int{503, 429}
	path := filepath.Join(t.TempDir(), "file")
	if err := quick().Fetch(t.Context(), s.file(), path); err != nil {
		t.Fatal(err)
	}
	wantContent(t, path)
}

// A server that falls silent is left, and the next attempt goes on.
func TestStall(t *testing.T) {
	s := serve(t)
	s.cuts, s.stall = []int{1000}, make(chan struct{})
	client := quick()
	client.Stall = 50 * time.Millisecond
	client.Attempts = 1
	path := filepath.Join(t.TempDir(), "file")
	err := client.Fetch(t.Context(), s.file(), path)
	close(s.stall)
	if err == nil || !strings.Contains(err.Error(), "no byte came for 50ms") {
		t.Errorf("error %v", err)
	}
	client.Stall = 0
	if err := client.Fetch(t.Context(), s.file(), path); err != nil {
		t.Fatal(err)
	}
	wantContent(t, path)
}

func TestInterrupt(t *testing.T) {
	s := serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	client := quick()
	client.Progress = func(int64, int64) { cancel() }
	s.cuts = []int{1000}
	path := filepath.Join(t.TempDir(), "file")
	if err := client.Fetch(ctx, s.file(), path); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if part, err := os.ReadFile(path + ".part"); err != nil || !bytes.HasPrefix(content, part) {
		t.Errorf("%d bytes are left, error %v", len(part), err)
	}
}

// Without a pinned checksum the hub's own counts: of the redirect for large files, Git's for small ones.
func TestStatedChecksums(t *testing.T) {
	git := sha1.New()
	fmt.Fprintf(git, "blob %d\x00%s", len(content), content)
	for _, test := range []struct{ name, header, tag, want string }{
		{"large", "X-Linked-Etag", `"` + sum(content) + `"`, ""},
		{"large, wrong", "X-Linked-Etag", `"` + sum(nil) + `"`, "its SHA-256 is"},
		{"small", "Etag", fmt.Sprintf(`W/"%x"`, git.Sum(nil)), ""},
		{"small, wrong", "Etag", `"` + strings.Repeat("0", 40) + `"`, "its Git's SHA-1 is"},
		{"another kind of tag", "Etag", `"0-5f"`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t)
			s.header.Set(test.header, test.tag)
			path := filepath.Join(t.TempDir(), "file")
			err := quick().Fetch(t.Context(), File{URL: s.URL + "/moved"}, path)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// The token goes to the server that was asked, not where it redirects to.
func TestToken(t *testing.T) {
	target := serve(t)
	other := httptest.NewServer(http.RedirectHandler(target.URL+"/file", http.StatusFound))
	t.Cleanup(other.Close)
	client := quick()
	client.Token = "secret"
	dir := t.TempDir()
	if err := client.Fetch(t.Context(), target.file(), filepath.Join(dir, "direct")); err != nil {
		t.Fatal(err)
	}
	moved := target.file()
	moved.URL = strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	if err := client.Fetch(t.Context(), moved, filepath.Join(dir, "moved")); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%q", target.tokens), `["Bearer secret" ""]`; got != want {
		t.Errorf("tokens %s, want %s", got, want)
	}
}

func TestVerify(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Verify(path, File{Size: int64(len(content)), SHA256: sum(content)}); err != nil {
		t.Error(err)
	}
	for want, f := range map[string]File{
		path + ": 10240 bytes, expected 5":                            {Size: 5},
		path + ": its SHA-256 is " + sum(content) + ", expected beef": {SHA256: "beef"},
	} {
		if err := Verify(path, f); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
