package main

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"mslora/internal/pagetable"
)

// tables are what can be made of results, by name; each is "" if none of the results is of its kind.
var tables = []struct {
	name, title string
	of          func([]result) string
}{
	{"setting", "How it was measured", setting},
	{"times", "Milliseconds a step, the median", bySide(func(s side) string { return number(s.Median) })},
	{"texts", "Texts a second", bySide(func(s side) string { return number(s.Texts) })},
	{"ratios", "How many times as long PyTorch took", ratios(mslora)},
	{"ratios8", "How many times as long PyTorch took as mslora in 8 bits", ratios(msloraInt8)},
	{"aims", "Steps in 8 bits beside what they should reach", aimed},
	{"memory", "Peak memory in GiB", byProgram(func(s side) string { return fmt.Sprintf("%.2f", s.Peak/(1<<30)) })},
	{"starts", "Seconds until the first step is done", byProgram(func(s side) string { return fmt.Sprintf("%.1f", s.Start) })},
	{"work", "What mslora's step does", work},
	{"tokens", "By the length of texts", growth("tokens a text", func(r result) int { return r.Tokens }, func(r result) bool { return r.Tokens > 0 })},
	{"batch", "By the size of batches", growth("texts in a batch", func(r result) int { return r.Batch }, only("batch"))},
	{"threads", "By threads", growth("threads", func(r result) int { return r.Threads }, only("threads"))},
	{"calls", "One call beside two", calls},
	{"operations", "Milliseconds of a step in 8 bits by kind of operation", operations},
}

// setting says what all results have in common, and which sides there are not.
func setting(results []result) string {
	var begin, end []float64
	var machines, threads, texts []string // one each, if all were measured in one place
	joules := false
	for _, r := range results {
		var versions []string
		for _, name := range slices.Sorted(maps.Keys(r.Versions)) {
			versions = append(versions, name+" "+r.Versions[name])
		}
		machines = appendNew(machines, fmt.Sprintf("%s (%s), %d processors; %s", r.Processor, strings.Join(r.Instructions, ", "), r.Processors, strings.Join(versions, ", ")))
		if r.Sizes["threads"] == 0 {
			threads = appendNew(threads, strconv.Itoa(r.Threads))
		}
		texts = appendNew(texts, r.Texts.File)
		begin, end = append(begin, r.Began.Load[0]), append(end, r.Ended.Load[0])
		for _, s := range r.Sides {
			joules = joules || s.Joules > 0
		}
	}
	text := fmt.Sprintf("%s. Threads of each side: %s; texts of %s; load average %.1f to %.1f at the beginning of cells, %.1f to %.1f at their end. ", strings.Join(machines, " and "),
		strings.Join(threads, ", "), strings.Join(texts, ", "), slices.Min(begin), slices.Max(begin), slices.Min(end), slices.Max(end))
	for _, r := range results {
		for _, name := range slices.Sorted(maps.Keys(r.LeftOut)) {
			text += fmt.Sprintf("%s %s %s did not start: `%s`. ", r.Model, r.Method, name, strings.ReplaceAll(r.LeftOut[name], "`", "'"))
		}
	}
	if joules {
		return text + energy(results)
	}
	return text + "Energy is not in the tables: RAPL's counters cannot be read on this machine.\n"
}

func appendNew(all []string, s string) []string {
	if slices.Contains(all, s) {
		return all
	}
	return append(all, s)
}

// energy is a table of joules a text.
func energy(results []result) string {
	return "Joules a text:\n\n" + bySide(func(s side) string { return fmt.Sprintf("%.2f", s.Joules) })(results)
}

// header is the first two lines of a table, whose first columns are text and the others numbers.
func header(texts int, columns ...string) string {
	return fmt.Sprintf("| %s |\n|%s%s\n", strings.Join(columns, " | "), strings.Repeat("---|", texts), strings.Repeat("--:|", len(columns)-texts))
}

// table has a line for each cell of usual sizes, and a column for each name. A star says that a side made fewer steps than others, where
// the value is of steps.
func table(results []result, names []string, ofSteps bool, value func(r result, name string) string) string {
	cells := usual(results)
	if len(cells) == 0 {
		return ""
	}
	var out strings.Builder
	out.WriteString(header(2, append([]string{"model", "method"}, names...)...))
	starred := false
	for _, r := range cells {
		fmt.Fprintf(&out, "| %s | %s |", r.Model, r.Method)
		for _, name := range names {
			s, is := r.Sides[name]
			switch {
			case !is:
				out.WriteString(" |")
			case ofSteps && len(s.Seconds) < r.Batches:
				starred = true
				fmt.Fprintf(&out, " %s* |", value(r, name))
			default:
				fmt.Fprintf(&out, " %s |", value(r, name))
			}
		}
		out.WriteString("\n")
	}
	if starred {
		out.WriteString("\n\\* of fewer steps than the others, as they took too long\n")
	}
	return out.String()
}

func bySide(value func(side) string) func([]result) string {
	return func(results []result) string {
		return table(results, sides(usual(results)), true, func(r result, name string) string { return value(r.Sides[name]) })
	}
}

// byProgram leaves out sides that are the same program with other batches.
func byProgram(value func(side) string) func([]result) string {
	return func(results []result) string {
		names := slices.DeleteFunc(sides(usual(results)), isSorted)
		return table(results, names, false, func(r result, name string) string { return value(r.Sides[name]) })
	}
}

// ratios compares one of mslora's sides with PyTorch's, in cells that have it.
func ratios(ours string) func([]result) string {
	return func(results []result) string {
		results = slices.DeleteFunc(usual(results), func(r result) bool { _, is := r.Sides[ours]; return !is })
		names := slices.DeleteFunc(sides(results), isMslora)
		return table(results, names, true, func(r result, name string) string { return fmt.Sprintf("%.2f", r.ratio(ours, name)) })
	}
}

// aims are how many times as long PyTorch in float32, and its fastest side, should take as a step in 8 bits on two cores with VNNI; 0: no aim.
var aims = []struct {
	model, method string
	float, best   float64
}{{"minilm", "musclelora", 6, 3.5}, {"bge-small", "musclelora", 6, 3.5}, {"smollm2-135m", "musclelora", 4, 0}, {"bert-base", "musclelora", 5.5, 3}}

// aimed compares cells with their aims.
func aimed(results []result) string {
	cells := usual(results)
	var out strings.Builder
	for _, aim := range aims {
		at := slices.IndexFunc(cells, func(r result) bool {
			return r.Model == aim.model && r.Method == aim.method && len(r.Sides[msloraInt8].Seconds) > 0
		})
		if at < 0 {
			continue
		}
		if out.Len() == 0 {
			out.WriteString(header(2, "model", "method", "float32", "aim", "fastest side", "aim"))
		}
		r := cells[at]
		best := slices.MinFunc(slices.DeleteFunc(sides(cells[at:at+1]), isMslora), func(a, b string) int {
			return cmp.Compare(r.ratio(msloraInt8, a), r.ratio(msloraInt8, b))
		})
		fmt.Fprintf(&out, "| %s | %s | %.2f |%s | %.2f (%s) |%s |\n", r.Model, r.Method, r.ratio(msloraInt8, "float32"), verdict(r.ratio(msloraInt8, "float32"), aim.float),
			r.ratio(msloraInt8, best), best, verdict(r.ratio(msloraInt8, best), aim.best))
	}
	return out.String()
}

// verdict is an aim and whether a ratio reaches it.
func verdict(ratio, aim float64) string {
	switch {
	case aim == 0:
		return ""
	case ratio >= aim:
		return fmt.Sprintf(" %g, met", aim)
	}
	return fmt.Sprintf(" %g, missed", aim)
}

// work tells how much is padding, and where mslora's time goes.
func work(results []result) string {
	cells := usual(results)
	if len(cells) == 0 {
		return ""
	}
	var out strings.Builder
	out.WriteString(header(2, "model", "method", "tokens a text", "padded", "padded, sorted", "ceiling, GFLOP/s", "mslora's share of it", "Go", "clipping and AdamW"))
	for _, r := range cells {
		s := r.Sides[mslora].Shares
		fmt.Fprintf(&out, "| %s | %s | %.1f | %.1f | %.1f | %.0f | %.0f %% | %.1f %% | %.1f %% |\n", r.Model, r.Method, r.Length, r.Padded["as they come"], r.Padded["sorted"],
			r.Ceiling/1e9, 100*s.Ceiling, 100*s.Go, 100*s.Optimizer)
	}
	return out.String()
}

// only tells cells that have no other size of their own.
func only(size string) func(result) bool {
	return func(r result) bool { return len(r.Sizes) == 0 || len(r.Sizes) == 1 && r.Sizes[size] > 0 }
}

// growth gives a table of cells that differ in one size.
func growth(title string, size func(result) int, is func(result) bool) func([]result) string {
	return func(results []result) string {
		groups := map[string][]result{} // by model and method
		for _, r := range results {
			if len(r.Sides) > 0 && is(r) {
				name := r.Model + " | " + r.Method
				groups[name] = append(groups[name], r)
			}
		}
		maps.DeleteFunc(groups, func(_ string, cells []result) bool { return len(cells) < 2 })
		if len(groups) == 0 {
			return ""
		}
		var growing []string // the sides that all of them have
		all := slices.Concat(slices.Collect(maps.Values(groups))...)
		for _, name := range sides(all) {
			if !slices.ContainsFunc(all, func(r result) bool { return len(r.Sides[name].Seconds) == 0 }) {
				growing = append(growing, name)
			}
		}
		var out strings.Builder
		columns := []string{"model", "method", title}
		for _, side := range growing {
			columns = append(columns, side+", ms")
		}
		for _, side := range growing[1:] {
			columns = append(columns, side+", ratio")
		}
		for _, side := range growing {
			columns = append(columns, side+", GiB")
		}
		out.WriteString(header(2, columns...))
		for _, name := range slices.Sorted(maps.Keys(groups)) {
			cells := groups[name]
			slices.SortFunc(cells, func(a, b result) int { return cmp.Compare(size(a), size(b)) })
			for _, r := range cells {
				line := fmt.Sprintf("| %s | %d", name, size(r))
				for _, side := range growing {
					line += " | " + number(r.Sides[side].Median)
				}
				for _, side := range growing[1:] {
					line += fmt.Sprintf(" | %.2f", r.ratio(mslora, side))
				}
				for _, side := range growing {
					line += fmt.Sprintf(" | %.2f", r.Sides[side].Peak/(1<<30))
				}
				out.WriteString(line + " |\n")
			}
		}
		return out.String()
	}
}

// calls compares one call with two of half as many texts.
func calls(results []result) string {
	var out strings.Builder
	for _, r := range results {
		if len(r.One) == 0 {
			continue
		}
		if out.Len() == 0 {
			out.WriteString(header(3, "model", "method", "precision", "texts", "turns", "one call, ms", "two calls, ms", "ratio"))
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %d | %d | %s | %s | %.2f |\n", r.Model, r.Method, cmp.Or(r.Precision, "float32"), 2*r.Batch, len(r.One), number(1e3*median(r.One)), number(1e3*median(r.Two)), median(r.Two)/median(r.One))
	}
	return out.String()
}

// operations tells what the time of the training graph's operations goes to.
func operations(results []result) string {
	results = slices.DeleteFunc(slices.Clone(results), func(r result) bool { return r.Graph == 0 })
	if len(results) == 0 {
		return ""
	}
	slices.SortStableFunc(results, bySize)
	var out strings.Builder
	out.WriteString(header(2, slices.Concat([]string{"model", "method"}, kinds, []string{"the graph"})...))
	for _, r := range results {
		fmt.Fprintf(&out, "| %s | %s |", r.Model, r.Method)
		for _, kind := range kinds {
			fmt.Fprintf(&out, " %s |", number(r.Kinds[kind]))
		}
		fmt.Fprintf(&out, " %s |\n", number(r.Graph))
	}
	return out.String()
}

// number writes three digits at least.
func number(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.1f", v)
	}
	return pagetable.Thousands(int(math.Round(v)))
}
