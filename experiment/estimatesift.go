package experiment

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"mslora/dataset"
	"mslora/defence"
)

// estimateReadings is how many readings a blind filter is timed on, at least.
const estimateReadings = 64

// measureSift gives how many texts the method's filter has read, and how long that takes: with the best epoch's model and with the last's,
// each reading as long as an answer. A blind filter has another model read, once; it is timed on some of the test texts.
func (p *Plan) measureSift(ctx context.Context, cell Cell, method defence.Method, ready prepared, data *dataset.Dataset, answer time.Duration) (int, time.Duration, error) {
	all := p.siftReadings(cell, method, ready, data)
	if !method.Blind() {
		return int(2 * all), time.Duration(2 * all * float64(answer)), nil
	}
	language := &language{plan: p, cell: cell}
	defer language.close()
	bench := p.siftBench(cell, ready, data)
	bench.LogProbabilities = language.logProbabilities
	sieve, err := method.Sieve(ctx, bench)
	if err != nil {
		return 0, 0, err
	}
	if _, err := sieve(ctx, []string{"what opens the model"}); err != nil {
		return 0, 0, err
	}
	var some []string
	read := 0
	texts := plain(slices.Concat(data.TestClean, data.TestPoison))
	for _, i := range rand.New(rand.NewPCG(cell.Seed, 0)).Perm(len(texts)) {
		some = append(some, texts[i])
		if read = method.SiftingDemand(bench, some).Readings; read >= estimateReadings {
			break
		}
	}
	begin := time.Now()
	if _, err := sieve(ctx, some); err != nil {
		return 0, 0, err
	}
	return int(all), time.Duration(all / float64(max(1, read)) * float64(time.Since(begin))), nil
}
