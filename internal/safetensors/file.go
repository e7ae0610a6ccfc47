// Package safetensors reads and writes the safetensors format: an 8-byte little-endian header length, a
// JSON header that gives dtype, shape and data offsets of each tensor, then the data
// (https://github.com/huggingface/safetensors). Files are mapped into memory, so that opening a model of
// hundreds of megabytes reads its header only.
package safetensors

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"mslora/internal/hint"
	"mslora/internal/regular"
)

// ErrFormat is wrapped by every error about the content of a file.
var ErrFormat = errors.New("not a valid safetensors file")

// ErrNoTensor is wrapped when a file has no tensor of a name.
var ErrNoTensor = errors.New("no such tensor")

// File is an open file. Its methods may be called from several goroutines at once, Close only after all
// of them.
type File struct {
	Path     string
	Metadata map[string]string // free strings of the header, nil if it has none

	mapped  []byte // the whole file
	tensors map[string]Tensor
	names   []string // in file order

	shards []*File          // of an index, whose file is not mapped
	owners map[string]*File // the shard of each tensor
}

// Open maps a file and checks its header against its size. Errors about the content wrap ErrFormat and
// name the file, what was expected and what was found.
func Open(path string) (*File, error) {
	file, err := regular.Open(path)
	if errors.Is(err, regular.ErrKind) {
		return nil, fmt.Errorf("%w: %w", err, ErrFormat)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < 8 {
		return nil, truncated(path, 8, info.Size())
	}
	mapped, err := unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("%s: map into memory: %w", path, err)
	}
	f := &File{Path: path, mapped: mapped}
	if err := f.readHeader(); err != nil {
		unix.Munmap(mapped)
		return nil, err
	}
	return f, nil
}

func (f *File) readHeader() error {
	size := int64(len(f.mapped))
	length := binary.LittleEndian.Uint64(f.mapped)
	if length > maxHeader {
		if strings.HasPrefix(string(f.mapped[:min(size, 40)]), "version https://git-lfs") {
			return hint.New("it is a Git LFS pointer; fetch the real file with `git lfs pull` or download it again",
				"%s: %w", f.Path, ErrFormat)
		}
		return hint.New("download the file again, as model.safetensors",
			"%s: %w: the first 8 bytes give a header of %d bytes", f.Path, ErrFormat, length)
	}
	start := 8 + int64(length)
	if start > size {
		return truncated(f.Path, start, size)
	}
	tensors, metadata, err := parseHeader(f.mapped[8:start])
	if err != nil {
		return hint.New("download the file again", "%s: %w: %w", f.Path, ErrFormat, err)
	}
	f.Metadata, f.tensors = metadata, make(map[string]Tensor, len(tensors))
	end := start
	for _, t := range tensors {
		if t.End > size-start {
			return truncated(f.Path, start+tensors[len(tensors)-1].End, size)
		}
		t.Begin, t.End, t.Path = start+t.Begin, start+t.End, f.Path
		end = t.End
		f.tensors[t.Name] = t
		f.names = append(f.names, t.Name)
	}
	if end < size {
		return hint.New("download the file again",
			"%s: %w: expected %d bytes, found %d", f.Path, ErrFormat, end, size)
	}
	return nil
}

func truncated(path string, expected, actual int64) error {
	return hint.New("the file was cut short; download it again",
		"%s: %w: expected at least %d bytes, found %d", path, ErrFormat, expected, actual)
}

// Close unmaps the file. Slices that Float32, Int64 and Bytes gave are invalid afterwards.
func (f *File) Close() error {
	var all []error
	for _, shard := range f.shards {
		all = append(all, shard.Close())
	}
	if f.mapped == nil {
		return errors.Join(all...)
	}
	mapped := f.mapped
	f.mapped, f.tensors, f.names = nil, nil, nil
	return unix.Munmap(mapped)
}

// Names lists the tensors in the order of their data.
func (f *File) Names() []string { return slices.Clone(f.names) }

// Tensor describes the tensor of a name, if there is one.
func (f *File) Tensor(name string) (Tensor, bool) {
	t, ok := f.tensors[name]
	return t, ok
}

// Bytes is a read-only view of a tensor's data: little-endian, row-major. Writing to it faults.
func (f *File) Bytes(name string) ([]byte, error) {
	t, ok := f.tensors[name]
	if !ok {
		return nil, fmt.Errorf("%s: %w: %q", f.Path, ErrNoTensor, name)
	}
	if owner, ok := f.owners[name]; ok {
		return owner.Bytes(name)
	}
	return f.mapped[t.Begin:t.End:t.End], nil
}

// Float32 gives the values of an F32, F16 or BF16 tensor, row-major. Aligned F32 data, which is what
// every known writer makes, is not copied: the slice is a read-only view of the file and writing to it
// faults.
func (f *File) Float32(name string) ([]float32, error) {
	data, err := f.Bytes(name)
	if err != nil {
		return nil, err
	}
	switch dtype := f.tensors[name].DType; dtype {
	case "F32":
		return view[float32](data, 4), nil
	case "F16":
		return widen(data, float16), nil
	case "BF16":
		return widen(data, bfloat16), nil
	default:
		return nil, fmt.Errorf("%s: tensor %q: expected F32, F16 or BF16, found %s", f.Path, name, dtype)
	}
}

// Int64 gives the values of an I64 tensor, row-major, without a copy if its data is aligned.
func (f *File) Int64(name string) ([]int64, error) {
	data, err := f.Bytes(name)
	if err != nil {
		return nil, err
	}
	if dtype := f.tensors[name].DType; dtype != "I64" {
		return nil, fmt.Errorf("%s: tensor %q: expected I64, found %s", f.Path, name, dtype)
	}
	return view[int64](data, 8), nil
}

// view reinterprets little-endian data, which is also the byte order of every machine that ONNX Runtime
// runs on. Unaligned data is copied.
func view[T float32 | int64](data []byte, size int) []T {
	if len(data) == 0 {
		return []T{}
	}
	if uintptr(unsafe.Pointer(&data[0]))%uintptr(size) == 0 {
		return unsafe.Slice((*T)(unsafe.Pointer(&data[0])), len(data)/size)
	}
	values := make([]T, len(data)/size)
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), len(data)), data)
	return values
}
