package safetensors

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"mslora/internal/regular"
)

// writeShards makes two shards with an index; change edits the index's text.
func writeShards(t *testing.T, change func(string) string) string {
	t.Helper()
	folder := t.TempDir()
	for name, arrays := range map[string][]Array{
		"model-00001-of-00002.safetensors": {Float32Array("a", []int64{2}, []float32{1, 2})},
		"model-00002-of-00002.safetensors": {{Name: "b", DType: "BF16", Shape: []int64{2}, Data: []byte{0x80, 0x3f, 0x00, 0xc0}}, Float32Array("unlisted", nil, []float32{7})},
	} {
		if err := Write(filepath.Join(folder, name), arrays, map[string]string{"format": "pt"}); err != nil {
			t.Fatal(err)
		}
	}
	index := `{"metadata": {"total_size": 12}, "weight_map": {
		"b": "model-00002-of-00002.safetensors", "a": "model-00001-of-00002.safetensors"}}`
	if change != nil {
		index = change(index)
	}
	path := filepath.Join(folder, "model.safetensors.index.json")
	if err := os.WriteFile(path, []byte(index), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenIndex(t *testing.T) {
	path := writeShards(t, nil)
	f, err := OpenIndex(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := f.Names(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("names %v", got)
	}
	for name, want := range map[string][]float32{"a": {1, 2}, "b": {1, -2}} {
		if got, err := f.Float32(name); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, want)
		}
	}
	if _, err := f.Float32("unlisted"); !errors.Is(err, ErrNoTensor) {
		t.Errorf("a tensor that the index does not list: %v", err)
	}
	shard := filepath.Join(filepath.Dir(path), "model-00002-of-00002.safetensors")
	if tensor, ok := f.Tensor("b"); !ok || tensor.Path != shard {
		t.Errorf("b: got %+v", tensor)
	}
	if files := f.Files(); len(files) != 2 || files[1] != shard {
		t.Errorf("files %v", files)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpenIndexErrors(t *testing.T) {
	const second = "model-00002-of-00002.safetensors"
	replace := func(old, new string) func(string) string {
		return func(index string) string { return strings.Replace(index, old, new, 1) }
	}
	for _, test := range []struct {
		name   string
		change func(string) string
		is     error
		want   string
	}{
		{"not JSON", func(string) string { return "<html>" }, ErrFormat, "invalid character '<'"},
		{"no map", func(string) string { return `{"metadata": {}}` }, ErrFormat, "weight_map lists no tensor"},
		{"missing shard", replace(second, "model-00003-of-00003.safetensors"), fs.ErrNotExist, "lists model-00003-of-00003.safetensors, which is missing"},
		{"tensor in another shard", replace(`"b"`, `"c"`), ErrFormat, `tensor "c" is not in ` + second},
		{"outside", replace(second, "../"+second), ErrFormat, "expected a .safetensors file beside the index"},
		{"absolute", replace(second, "/etc/passwd"), ErrFormat, "expected a .safetensors file beside the index"},
		{"folder", replace(second, "."), ErrFormat, "expected a .safetensors file beside the index"},
		{"no name", replace(second, ""), ErrFormat, "expected a .safetensors file beside the index"},
		{"the index itself", replace(second, "model.safetensors.index.json"), ErrFormat, "expected a .safetensors file beside the index"},
		{"nothing but the extension", replace(second, ".safetensors"), ErrFormat, "expected a .safetensors file beside the index"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := writeShards(t, test.change)
			f, err := OpenIndex(path)
			if err == nil {
				f.Close()
			}
			if !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), path) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %q", err, test.want)
			}
		})
	}
	if _, err := OpenIndex(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no index: %v", err)
	}
}

// What is no file is refused at once: a pipe would keep the program waiting, a device has no end.
func TestOpenIndexKinds(t *testing.T) {
	const second = "model-00002-of-00002.safetensors"
	for _, name := range []string{second, "model.safetensors.index.json"} {
		for kind, put := range map[string]func(string) error{
			"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o644) },
			"device": func(path string) error { return os.Symlink("/dev/zero", path) },
			"folder": func(path string) error { return os.Mkdir(path, 0o755) },
		} {
			path := writeShards(t, nil)
			changed := filepath.Join(filepath.Dir(path), name)
			if err := errors.Join(os.Remove(changed), put(changed)); err != nil {
				t.Fatal(err)
			}
			_, err := OpenIndex(path)
			if !errors.Is(err, regular.ErrKind) || !strings.HasPrefix(err.Error(), changed+": not a regular file: it is a "+kind) {
				t.Errorf("%s as %s: %v", name, kind, err)
			}
		}
	}
	path := writeShards(t, nil)
	if err := os.Truncate(path, 1<<40); err != nil { // takes no space on the disk
		t.Skip(err)
	}
	if _, err := OpenIndex(path); !errors.Is(err, regular.ErrTooLarge) {
		t.Errorf("a huge index: %v", err)
	}
}

// Model caches hold links to files elsewhere.
func TestOpenIndexLinks(t *testing.T) {
	path := writeShards(t, nil)
	shard := filepath.Join(filepath.Dir(path), "model-00002-of-00002.safetensors")
	blob := filepath.Join(t.TempDir(), "blob")
	if err := errors.Join(os.Rename(shard, blob), os.Symlink(blob, shard)); err != nil {
		t.Fatal(err)
	}
	f, err := OpenIndex(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func FuzzParseIndex(f *testing.F) {
	f.Add([]byte(`{"weight_map": {"a": "model-00001-of-00001.safetensors"}}`))
	f.Add([]byte(`{"weight_map": {"a": "../x.safetensors", "b": "/x.safetensors"}}`))
	f.Add([]byte(`{"weight_map": {"a": ".safetensors"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		shards, err := parseIndex(data)
		for name := range shards {
			if err != nil || filepath.Dir(filepath.Join("folder", name)) != "folder" || !strings.HasSuffix(name, extension) {
				t.Errorf("accepted shard %q, %v", name, err)
			}
		}
	})
}
