package parquetcheck

import (
	"encoding/binary"
	"errors"
)

// Errors of a record that is cut, and of one that claims more than it has.
var (
	errShort  = errors.New("a record is cut")
	errClaims = errors.New("a record claims more than it holds")
)

// Types of Thrift's compact protocol.
const (
	typeStop = iota
	typeTrue
	typeFalse
	typeByte
	typeInt16
	typeInt32
	typeInt64
	typeDouble
	typeBinary
	typeList
	typeSet
	typeMap
	typeStruct
	typeUUID
)

const (
	mostNested = 16      // structs and lists in each other
	mostItems  = 500_000 // structs in lists, of which a library makes some hundred bytes each
)

// record walks over a Thrift struct without making anything of it.
type record struct {
	data  []byte
	at    int
	items int // in lists so far
	// number is told of each whole number that is a field of the struct, or of a struct that is a field of it: the field's number,
	// or 256 x the outer one's + the inner one's.
	number func(field int, value int64)
}

// walk reads the struct and gives an error if it is cut or claims what it does not hold.
func (r *record) walk() error { return r.fields(0, 0) }

func (r *record) fields(outer, depth int) error {
	if depth > mostNested {
		return errClaims
	}
	field := 0
	for {
		head, err := r.byte()
		if err != nil || head == typeStop {
			return err
		}
		if field += int(head >> 4); head>>4 == 0 {
			id, err := r.varint()
			if err != nil {
				return err
			}
			field = int(unzigzag(id))
		}
		if err := r.value(head&15, 256*outer+field, depth, false); err != nil {
			return err
		}
	}
}

// value reads one value. A truth value is in the type of a field, and a byte in a list.
func (r *record) value(kind byte, field, depth int, inList bool) error {
	switch kind {
	case typeTrue, typeFalse:
		if !inList {
			return nil
		}
		return r.skip(1)
	case typeByte:
		return r.skip(1)
	case typeInt16, typeInt32, typeInt64:
		n, err := r.varint()
		if err == nil && !inList && depth < 2 && r.number != nil {
			r.number(field, unzigzag(n))
		}
		return err
	case typeDouble:
		return r.skip(8)
	case typeBinary:
		n, err := r.varint()
		if err != nil {
			return err
		}
		return r.skip(n)
	case typeList, typeSet:
		return r.list(field, depth)
	case typeStruct:
		return r.fields(field, depth+1)
	case typeUUID:
		return r.skip(16)
	}
	return errClaims // Parquet has no maps
}

func (r *record) list(field, depth int) error {
	head, err := r.byte()
	if err != nil {
		return err
	}
	size, kind := uint64(head>>4), head&15
	if size == 15 {
		if size, err = r.varint(); err != nil {
			return err
		}
	}
	if size > uint64(len(r.data)-r.at) || depth >= mostNested { // an item has at least one byte
		return errClaims
	}
	if kind == typeStruct || kind == typeList || kind == typeSet {
		if r.items += int(size); r.items > mostItems {
			return errClaims
		}
	}
	for range size {
		if err := r.value(kind, field, depth+1, true); err != nil {
			return err
		}
	}
	return nil
}

func (r *record) byte() (byte, error) {
	if r.at >= len(r.data) {
		return 0, errShort
	}
	r.at++
	return r.data[r.at-1], nil
}

func (r *record) skip(n uint64) error {
	if n > uint64(len(r.data)-r.at) {
		return errShort
	}
	r.at += int(n)
	return nil
}

func (r *record) varint() (uint64, error) {
	value, n := binary.Uvarint(r.data[r.at:])
	if n < 0 {
		return 0, errClaims
	}
	if n == 0 {
		return 0, errShort
	}
	r.at += n
	return value, nil
}

func unzigzag(n uint64) int64 { return int64(n>>1) ^ -int64(n&1) }
