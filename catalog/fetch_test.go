package catalog

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mslora/internal/download"
	"mslora/internal/hint"
	"mslora/internal/ownfolder"
)

// site serves files by path on the loopback.
type site struct {
	*httptest.Server
	mutex    sync.Mutex
	files    map[string][]byte
	requests []string
	tag      string // Etag of every answer; empty: none
	cut      int    // bytes after which the next answer breaks off; 0: not at all
}

func serve(t *testing.T, files map[string][]byte) *site {
	s := &site{files: files}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		path := strings.TrimPrefix(r.URL.Path, "/")
		s.requests = append(s.requests, strings.TrimSpace(path+" "+r.Header.Get("Range")))
		content, ok := s.files[path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if s.tag != "" {
			w.Header().Set("Etag", s.tag)
		}
		if cut := s.cut; cut > 0 {
			s.cut = 0
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
			w.Write(content[:cut])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		http.ServeContent(w, r, path, time.Time{}, bytes.NewReader(content))
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) options() FetchOptions {
	return FetchOptions{Endpoint: s.URL + "/", Client: download.Client{Attempts: 1}}
}

func sum(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

// release is a data set of three files, two of them equal, and the server that has it.
func release(t *testing.T) ([]dataFile, *site) {
	clean, poisoned := []byte(",0,1,2\n0,a,0,0\n"), []byte(",0,1,2\n0,a cf,1,1\n")
	return []dataFile{
		{"set", "1/badnets/dev-clean.csv", "set/1/addsent/dev-clean.csv", int64(len(clean)), sum(clean)},
		{"set", "1/addsent/dev-clean.csv", "set/1/addsent/dev-clean.csv", int64(len(clean)), sum(clean)},
		{"set", "1/badnets/clean/0.1/train-poison.csv", "set/1/badnets/clean/0.1/train-poison.csv", int64(len(poisoned)), sum(poisoned)},
	}, serve(t, map[string][]byte{"set/1/addsent/dev-clean.csv": clean, "set/1/badnets/clean/0.1/train-poison.csv": poisoned})
}

func wantFiles(t *testing.T, folder string, files []dataFile) {
	t.Helper()
	for _, f := range files {
		if err := download.Verify(filepath.Join(folder, f.path), f.download()); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(stageOf(folder)); err == nil {
		t.Error("the stage is still there")
	}
}

func TestFetchDataset(t *testing.T) {
	files, s := release(t)
	folder := filepath.Join(t.TempDir(), "set")
	done, err := fetchFiles(t.Context(), files, folder, s.options())
	if err != nil || !done {
		t.Fatalf("%v, error %v", done, err)
	}
	wantFiles(t, folder, files)
	if len(s.requests) != 2 {
		t.Errorf("equal files should come once: %q", s.requests)
	}
	done, err = fetchFiles(t.Context(), files, folder, FetchOptions{Offline: true})
	if err != nil || done || len(s.requests) != 2 {
		t.Errorf("the second time: %v, error %v, %d requests", done, err, len(s.requests))
	}
	// A file that is missing comes again, but not beside what is somebody's own.
	own := filepath.Join(folder, "1/badnets/notes.txt")
	if err := errors.Join(os.Remove(filepath.Join(folder, files[1].path)), os.WriteFile(own, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	forced := s.options()
	forced.Force = true
	for _, o := range []FetchOptions{s.options(), forced} {
		if _, err := fetchFiles(t.Context(), files, folder, o); !errors.Is(err, ownfolder.ErrForeign) || !strings.HasPrefix(err.Error(), own+" is not a file") || len(s.requests) != 2 {
			t.Errorf("error %v, requests %q", err, s.requests)
		}
	}
	if err := os.Remove(own); err != nil {
		t.Fatal(err)
	}
	if done, err = fetchFiles(t.Context(), files, folder, s.options()); err != nil || !done || len(s.requests) != 3 {
		t.Errorf("one missing: %v, error %v, requests %q", done, err, s.requests)
	}
	wantFiles(t, folder, files)
	// One that was changed is not replaced in silence.
	changed := filepath.Join(folder, files[0].path)
	if err := os.WriteFile(changed, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, o := range []FetchOptions{s.options(), {Offline: true}, {Offline: true, Force: true}} {
		_, err := fetchFiles(t.Context(), files, folder, o)
		var hinted *hint.Error
		if err == nil || !strings.Contains(err.Error(), changed) || !errors.As(err, &hinted) || !strings.Contains(hinted.Hint, "--force replaces it") {
			t.Errorf("error %v", err)
		}
	}
	if mine, _ := os.ReadFile(changed); string(mine) != "mine" {
		t.Errorf("it was replaced by %q", mine)
	}
	marker := filepath.Join(folder, ownfolder.Marker)
	if err := os.Rename(marker, marker+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := fetchFiles(t.Context(), files, folder, forced); !errors.Is(err, ownfolder.ErrForeign) {
		t.Errorf("a folder of somebody's own: error %v", err)
	}
	if err := os.Rename(marker+".away", marker); err != nil {
		t.Fatal(err)
	}
	var replaced []string
	forced.Replace = func(path string) { replaced = append(replaced, path) }
	if done, err = fetchFiles(t.Context(), files, folder, forced); err != nil || !done || len(replaced) != 1 || replaced[0] != changed {
		t.Errorf("forced: %v, replaced %q, error %v", done, replaced, err)
	}
	wantFiles(t, folder, files)
}

// A copy of the release in which files are missing is made whole; one in which a file is another is not touched.
func TestFetchDatasetIntoCopy(t *testing.T) {
	files, s := release(t)
	folder := filepath.Join(t.TempDir(), "set")
	for _, f := range files[:2] {
		path := filepath.Join(folder, f.path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, s.files[f.source], 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if done, err := fetchFiles(t.Context(), files, folder, s.options()); err != nil || !done {
		t.Fatalf("%v, error %v", done, err)
	}
	wantFiles(t, folder, files)
}

// Whatever lies where parts would wait stays there.
func TestFetchSparesStage(t *testing.T) {
	files, s := release(t)
	folder := filepath.Join(t.TempDir(), "set")
	mine := filepath.Join(stageOf(folder), "config.json")
	if err := errors.Join(os.Mkdir(stageOf(folder), 0o755), os.WriteFile(mine, []byte("mine"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := fetchFiles(t.Context(), files, folder, s.options()); !errors.Is(err, ownfolder.ErrForeign) || !strings.HasPrefix(err.Error(), mine) {
		t.Errorf("error %v", err)
	}
	if got := mustRead(t, mine); string(got) != "mine" {
		t.Errorf("it was replaced by %q", got)
	}
}

// Nothing appears before everything has come; what has come is not fetched again.
func TestFetchDatasetResumes(t *testing.T) {
	files, s := release(t)
	folder := filepath.Join(t.TempDir(), "set")
	s.cut = 4
	if _, err := fetchFiles(t.Context(), files, folder, s.options()); err == nil || !strings.Contains(err.Error(), "broke off after 4 of") {
		t.Fatalf("error %v", err)
	}
	train := s.files[files[2].source]
	delete(s.files, files[2].source)
	if _, err := fetchFiles(t.Context(), files, folder, s.options()); !errors.Is(err, download.ErrNotFound) || !strings.Contains(err.Error(), files[2].source) {
		t.Fatalf("error %v", err)
	}
	s.files[files[2].source] = append(slices.Clone(train[:len(train)-1]), '!')
	if _, err := fetchFiles(t.Context(), files, folder, s.options()); err == nil || !strings.Contains(err.Error(), "its SHA-256 is") {
		t.Fatalf("error %v", err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("the folder is there before it is complete")
	}
	s.files[files[2].source] = train
	if _, err := fetchFiles(t.Context(), files, folder, s.options()); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, folder, files)
	if got, want := fmt.Sprintf("%q", s.requests), fmt.Sprintf("%q", []string{
		files[0].source, files[0].source + " bytes=4-", files[2].source, files[2].source, files[2].source,
	}); got != want {
		t.Errorf("requests\n got %s\nwant %s", got, want)
	}
}

func TestFetchDatasetErrors(t *testing.T) {
	files, _ := release(t)
	folder := filepath.Join(t.TempDir(), "set")
	unlock, err := makeStage(stageOf(folder))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fetchFiles(t.Context(), files, folder, FetchOptions{}); err == nil || err.Error() != "another program is fetching into "+stageOf(folder) {
		t.Errorf("error %v", err)
	}
	unlock()
	if _, err := fetchFiles(t.Context(), files, folder, FetchOptions{Offline: true}); err == nil || err.Error() != folder+": there is no 1/badnets/dev-clean.csv" {
		t.Errorf("error %v", err)
	}
	if _, err := fetchFiles(t.Context(), files, folder, FetchOptions{Endpoint: "http://[", Client: download.Client{Attempts: 1}}); err == nil || !strings.Contains(err.Error(), "endpoint http://[") {
		t.Errorf("error %v", err)
	}
	if _, err := FetchDataset(t.Context(), "imdb", folder, FetchOptions{}); err == nil || err.Error() != `unknown data set "imdb"` {
		t.Errorf("error %v", err)
	}
}

// A set without checksums comes whole, whatever hashes the server tags it with; what came is not fetched again.
func TestFetchUnchecked(t *testing.T) {
	s := serve(t, map[string][]byte{})
	s.tag = `"` + strings.Repeat("0a", sha256.Size) + `"`
	for _, f := range filesOf("hsol") {
		s.files[f.source] = []byte(f.source)
	}
	folder := filepath.Join(t.TempDir(), "hsol")
	s.cut = 4
	if _, err := FetchDataset(t.Context(), "hsol", folder, s.options()); err == nil || !strings.Contains(err.Error(), "broke off after 4 of") {
		t.Fatalf("error %v", err)
	}
	for _, first := range []bool{true, false} {
		if done, err := FetchDataset(t.Context(), "hsol", folder, s.options()); err != nil || done != first {
			t.Fatalf("%v, error %v", done, err)
		}
	}
	if len(s.requests) != 1+len(s.files) {
		t.Errorf("%d requests for %d files and one that broke off", len(s.requests), len(s.files))
	}
	for _, f := range filesOf("hsol") {
		if data, err := os.ReadFile(filepath.Join(folder, f.path)); string(data) != f.source {
			t.Errorf("%s: %q, error %v", f.path, data, err)
		}
	}
	if !Unchecked("hsol") || Unchecked("sst-2") || Unchecked("bge-small") {
		t.Error("only hsol has no checksums")
	}
}

// The manifest lists complete sets: what it says of each file is well-formed, and equal files have one source.
func TestManifest(t *testing.T) {
	sources, sums, paths := map[string]string{}, map[string]string{}, map[string]bool{}
	for _, f := range dataFiles {
		checked := len(f.sha256) == 2*sha256.Size && f.size > 0
		if f.dataset == "hsol" {
			checked = f.sha256 == "" && f.size == 0
		}
		if !isDataset(f.dataset) || !checked || f.path != filepath.ToSlash(filepath.Clean(f.path)) || strings.HasPrefix(f.path, ".") {
			t.Errorf("got %+v", f)
		}
		if first, ok := sources[f.sha256]; ok && f.sha256 != "" && first != f.source {
			t.Errorf("%s and %s are the same file", first, f.source)
		}
		if first, ok := sums[f.source]; ok && first != f.sha256 {
			t.Errorf("%s has two checksums", f.source)
		}
		if name := f.dataset + "/" + f.path; paths[name] {
			t.Errorf("%s is there twice", name)
		} else {
			paths[name] = true
		}
		sources[f.sha256], sums[f.source] = f.source, f.sha256
	}
	for _, path := range []string{
		"sst-2/1/badnets/clean/0.1/train-poison.csv", "sst-2/1/addsent/mix/0.1/train-poison.csv", "sst-2/1/synbkd/mix/0.1/train-poison.csv",
		"sst-2/1/stylebkd/mix/0.1/train-poison.csv", "agnews/1/stylebkd/test-poison.csv", "lingspam/1/synbkd/train-poison.csv", "hsol/1/badnets/clean/0.1/train-poison.csv", "hsol/1/synbkd/test-clean.csv",
	} {
		if !paths[path] {
			t.Errorf("%s is missing", path)
		}
	}
}
