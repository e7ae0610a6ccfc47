package safetensors

import (
	"os"

	"golang.org/x/sys/unix"
)

// Drop lets the system take back the memory of a tensor that was read and will not be read soon. What Float32 and Bytes gave of it
// stays valid: its pages are read again if they are asked for. The last ones of a neighbour may go with it.
func (f *File) Drop(name string) {
	if shard, ok := f.owners[name]; ok {
		shard.Drop(name)
		return
	}
	t, ok := f.tensors[name]
	if !ok || f.mapped == nil {
		return
	}
	page := int64(os.Getpagesize())
	begin, end := t.Begin/page*page, t.End // the address of a mapping is that of a page
	if begin < end {
		unix.Madvise(f.mapped[begin:end], unix.MADV_DONTNEED) // a hint: what it cannot do costs memory, nothing else
	}
}
