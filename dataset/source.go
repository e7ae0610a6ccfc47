package dataset

import (
	"bufio"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"mslora/internal/hint"
)

// source is a data file that can be opened as often as needed.
type source struct {
	path string
	// name is the path in lower case without .gz and .zst; its extension says what kind of file it is.
	name string
	open func() (io.ReadCloser, error) // the bytes as they lie on the disk
}

func newSource(path string, open func() (io.ReadCloser, error)) source {
	name := strings.ToLower(path)
	return source{path, strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst"), open}
}

func (s source) extension() string { return filepath.Ext(s.name) }

// compression is gz, zst or "".
func (s source) compression() string {
	if extension := strings.ToLower(filepath.Ext(s.path)); extension == ".gz" || extension == ".zst" {
		return extension[1:]
	}
	return ""
}

// read gives the decompressed bytes to use. All bytes on the disk are written to sum, also those that use did not ask for.
func (s source) read(sum io.Writer, use func(io.Reader) error) error {
	file, err := s.open()
	if err != nil {
		return err
	}
	defer file.Close()
	onDisk := io.TeeReader(file, sum)
	content := onDisk
	switch s.compression() {
	case "gz":
		if content, err = gzip.NewReader(onDisk); err != nil {
			return notCompressed(err, "gzip")
		}
	case "zst":
		decoder, err := zstd.NewReader(onDisk, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return notCompressed(err, "Zstandard")
		}
		defer decoder.Close()
		content = decoder
	}
	if s.compression() != "" {
		content = whole{content}
	}
	if err := use(content); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, onDisk)
	return err
}

// whole gives errors of decompression a hint.
type whole struct{ io.Reader }

func (w whole) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = hint.New("get the file again", "damaged or cut compressed file: %w", err)
	}
	return n, err
}

func notCompressed(err error, name string) error {
	return hint.New("give the file the extension of what it is", "not a "+name+" file: %w", err)
}

// openAny opens a path for EachNamed. What can be read only once, such as a pipe, is copied to a temporary file, which
// close removes.
func openAny(path string) (s source, close func(), err error) {
	close = func() {}
	info, err := os.Stat(path)
	if err != nil {
		return s, close, missingFile(path, err)
	}
	place := path
	switch {
	case info.IsDir():
		return s, close, hint.New("name a .csv, .tsv or .jsonl file, for example "+filepath.Join(path, "train.csv"), "%s is a folder", path)
	case info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeCharDevice) != 0:
		stream, err := os.Open(path)
		if err != nil {
			return s, close, err
		}
		defer stream.Close()
		if place, close, err = Spool(stream); err != nil {
			return s, close, err
		}
	}
	return newSource(path, func() (io.ReadCloser, error) {
		file, err := os.Open(place)
		return file, missingFile(path, err)
	}), close, nil
}

// Spool copies a stream to a temporary file, so that it can be read twice. remove removes the file.
func Spool(stream io.Reader) (path string, remove func(), err error) {
	folder, err := os.MkdirTemp("", "mslora")
	if err != nil {
		return "", func() {}, err
	}
	remove = func() { os.RemoveAll(folder) }
	buffered := bufio.NewReader(stream)
	path = filepath.Join(folder, "standard-input"+extensionOf(buffered))
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		if _, err = io.Copy(file, buffered); err == nil {
			err = file.Close()
		} else {
			file.Close()
		}
	}
	if err != nil {
		remove()
		return "", func() {}, err
	}
	return path, remove, nil
}

// extensionOf tells by its first bytes what a stream is that text is not; "" for text.
func extensionOf(stream *bufio.Reader) string {
	start, _ := stream.Peek(4) // of a shorter stream what there is
	for magic, extension := range map[string]string{"\x1f\x8b": ".gz", "\x28\xb5\x2f\xfd": ".zst", "PAR1": ".parquet"} {
		if strings.HasPrefix(string(start), magic) {
			return extension
		}
	}
	return ""
}
