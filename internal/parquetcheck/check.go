// Package parquetcheck opens Parquet files of unknown origin. It compares what a file claims with what it holds, before a library that
// trusts the claims reads it, and watches over the reading.
package parquetcheck

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

const (
	largestFooter = 32 << 20  // bytes; those of sets with millions of rows have one or two MiB
	largestPage   = 256 << 20 // bytes when unpacked; writers aim at 1 MiB
	mostValues    = 1 << 24   // of a page
	largestHeader = 4 << 20   // bytes of a page's header, which may hold the smallest and the largest value
	fewRows       = 1 << 26   // more rows need a byte for each 64: equal values take none
)

// Open opens a file of size bytes after a look at its footer and at the headers of its pages.
func Open(r io.ReaderAt, size int64) (*parquet.File, error) {
	if err := checkFooter(r, size); err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	all := int64(0) // bytes of all columns, which do not overlap
	for _, group := range file.Metadata().RowGroups {
		for _, column := range group.Columns {
			m := column.MetaData
			start := m.DataPageOffset
			if m.DictionaryPageOffset > 0 && m.DictionaryPageOffset < start {
				start = m.DictionaryPageOffset
			}
			if start < 4 || m.TotalCompressedSize < 0 || start > size || m.TotalCompressedSize > size-start || all > size-m.TotalCompressedSize {
				return nil, fmt.Errorf("a column claims %d bytes from byte %d, the file has %d", m.TotalCompressedSize, start, size)
			}
			all += m.TotalCompressedSize
			if err := checkPages(r, size, start, start+m.TotalCompressedSize); err != nil {
				return nil, err
			}
		}
	}
	return file, nil
}

// checkFooter refuses a file whose footer is no footer, is cut, or claims lists that it has no bytes for.
func checkFooter(r io.ReaderAt, size int64) error {
	var head [4]byte
	var tail [8]byte
	if size < int64(len(head)+len(tail)) {
		return errors.New("the file is too short")
	}
	if err := errors.Join(readAt(r, head[:], 0), readAt(r, tail[:], size-8)); err != nil {
		return err
	}
	if string(head[:]) != "PAR1" || string(tail[4:]) != "PAR1" {
		return errors.New("it does not begin and end with PAR1")
	}
	length := int64(binary.LittleEndian.Uint32(tail[:]))
	if most := min(size-12, largestFooter); length > most {
		return fmt.Errorf("the footer claims %d bytes, expected at most %d", length, most)
	}
	data := make([]byte, length)
	if err := readAt(r, data, size-8-length); err != nil {
		return err
	}
	footer := record{data: data}
	if err := footer.walk(); err != nil {
		return fmt.Errorf("footer: %w", err)
	}
	return nil
}

// checkPages reads the headers of a column's pages, from byte at to end. It refuses pages that do not lie in the file, are too large
// when unpacked or have too many values.
func checkPages(r io.ReaderAt, size, at, end int64) error {
	values := int64(0)
	for at < end {
		start := at
		p, err := readHeader(r, at, size)
		if err != nil {
			return fmt.Errorf("page at byte %d: %w", start, err)
		}
		at += p.header
		values += p.values
		switch {
		case p.packed < 0 || p.packed > size-at:
			return fmt.Errorf("page at byte %d: it claims %d bytes, the file has %d after it", start, p.packed, size-at)
		case p.unpacked < 0 || p.unpacked > largestPage:
			return fmt.Errorf("page at byte %d: it claims %d bytes when unpacked, expected at most %d", start, p.unpacked, int64(largestPage))
		case p.values < 0 || p.values > mostValues || p.entries < 0 || p.entries > mostValues || values > fewRows+64*size:
			return fmt.Errorf("page at byte %d: it claims %d values, expected at most %d", start, max(p.values, p.entries), mostValues)
		}
		at += p.packed
	}
	return nil
}

// page is what a page's header claims.
type page struct {
	header           int64 // its own bytes
	packed, unpacked int64 // bytes of the page
	values           int64 // of a page of data
	entries          int64 // of a dictionary
}

// Fields of a page's header, those of structs in it as record numbers them.
const (
	fieldUnpacked   = 2
	fieldPacked     = 3
	fieldValues     = 256*5 + 1 // data page
	fieldEntries    = 256*7 + 1 // dictionary page
	fieldValuesOfV2 = 256*8 + 1 // data page, version 2
)

// readHeader reads the header of the page at a place, which ends before end.
func readHeader(r io.ReaderAt, at, end int64) (p page, err error) {
	for length := int64(256); ; length *= 8 {
		data := make([]byte, min(length, end-at, largestHeader))
		if err := readAt(r, data, at); err != nil {
			return p, err
		}
		p = page{}
		header := record{data: data, number: func(field int, value int64) {
			switch field {
			case fieldUnpacked:
				p.unpacked = value
			case fieldPacked:
				p.packed = value
			case fieldValues, fieldValuesOfV2:
				p.values = value
			case fieldEntries:
				p.entries = value
			}
		}}
		err = header.walk()
		p.header = int64(header.at)
		if !errors.Is(err, errShort) || int64(len(data)) < length {
			return p, err
		}
	}
}

func readAt(r io.ReaderAt, data []byte, at int64) error {
	n, err := r.ReadAt(data, at)
	if n == len(data) {
		return nil
	}
	return err
}
