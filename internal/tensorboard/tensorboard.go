// Package tensorboard writes event files, from which TensorBoard draws curves. Such a file is a TFRecord file: length, checksum,
// data and checksum of each record (TensorFlow, lib/io/record_writer.h). The data are a message Event (util/event.proto).
package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"mslora/internal/hint"
)

// FileName is that of the events in a folder, which TensorBoard shows as one run. It reads files that have "tfevents" in their names.
const FileName = "events.out.tfevents.mslora"

// Scalar is a point of a curve. TensorBoard puts the curves side by side whose tags are alike up to the slash.
type Scalar struct {
	Tag   string
	Value float64 // kept as float32
}

// Fields of Event, of Summary and of Summary.Value.
const (
	wallTime, step, fileVersion, summary = 1, 2, 3, 5
	value                                = 1
	tag, simpleValue                     = 1, 2
)

// Header is the record that a file begins with.
func Header(at time.Time) []byte {
	event := newEvent(at)
	event = protowire.AppendTag(event, fileVersion, protowire.BytesType)
	event = protowire.AppendString(event, "brain.Event:2")
	return record(event)
}

// Scalars is the record of the points of a step.
func Scalars(number int, at time.Time, points ...Scalar) []byte {
	var all []byte
	for _, point := range points {
		one := protowire.AppendString(protowire.AppendTag(nil, tag, protowire.BytesType), point.Tag)
		one = protowire.AppendFixed32(protowire.AppendTag(one, simpleValue, protowire.Fixed32Type), math.Float32bits(float32(point.Value)))
		all = protowire.AppendBytes(protowire.AppendTag(all, value, protowire.BytesType), one)
	}
	event := newEvent(at)
	event = protowire.AppendVarint(protowire.AppendTag(event, step, protowire.VarintType), uint64(number))
	event = protowire.AppendBytes(protowire.AppendTag(event, summary, protowire.BytesType), all)
	return record(event)
}

// newEvent has the time, in seconds since 1970.
func newEvent(at time.Time) []byte {
	seconds := float64(at.UnixMicro()) / 1e6
	return protowire.AppendFixed64(protowire.AppendTag(nil, wallTime, protowire.Fixed64Type), math.Float64bits(seconds))
}

// Sizes of what stands before and after the data of a record.
const before, after = 12, 4

// record frames data.
func record(data []byte) []byte {
	framed := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	framed = binary.LittleEndian.AppendUint32(framed, checksum(framed))
	framed = append(framed, data...)
	return binary.LittleEndian.AppendUint32(framed, checksum(data))
}

// checksum is the CRC-32C of data, rotated and shifted, as TFRecord files have it, so that checksums of checksums are none.
func checksum(data []byte) uint32 {
	crc := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return (crc>>15 | crc<<17) + 0xa282ead8
}

// UpTo gives the length of the records up to a step. A record that is not whole, as a killed program leaves one, ends the file.
func UpTo(data []byte, last int) (length int, err error) {
	for length < len(data) {
		event, ok := first(data[length:])
		number, known := stepOf(event)
		if !ok || !known {
			break
		}
		if number > int64(last) {
			return length, nil
		}
		length += before + len(event) + after
	}
	if begun := len(Header(time.Time{})); length == 0 && len(data) >= begun {
		return 0, hint.New("the file is not this program's; move it away, or train again with --force", "it does not begin with a record of TensorBoard's")
	}
	return length, nil
}

// first gives the data of the first record, if it is whole.
func first(data []byte) (event []byte, whole bool) {
	if len(data) < before+after {
		return nil, false
	}
	head, rest := data[:8], data[before:]
	size := binary.LittleEndian.Uint64(head)
	if binary.LittleEndian.Uint32(data[8:]) != checksum(head) || size > uint64(len(rest)-after) {
		return nil, false
	}
	event = rest[:size]
	return event, binary.LittleEndian.Uint32(rest[size:]) == checksum(event)
}

// stepOf gives the step of an event, 0 if it has none, as the header has none.
func stepOf(event []byte) (number int64, ok bool) {
	for len(event) > 0 {
		field, kind, n := protowire.ConsumeField(event)
		if n < 0 {
			return 0, false
		}
		if field == step && kind == protowire.VarintType {
			_, _, skip := protowire.ConsumeTag(event)
			read, _ := protowire.ConsumeVarint(event[skip:])
			number = int64(read)
		}
		event = event[n:]
	}
	return number, true
}
