// Subscriber prints the objects of every vehicle as they are published. It needs nothing but NATS and the messages:
//
//	NATS_URL=nats://127.0.0.1:4222 go run ./examples/subscriber
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"math"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	conn, err := nats.Connect(cmp.Or(os.Getenv("NATS_URL"), nats.DefaultURL), nats.Name("subscriber"), nats.MaxReconnects(-1))
	if err != nil {
		log.Fatalf("connect: %v: is the server running, and NATS_URL right?", err)
	}
	defer conn.Close()
	if _, err := conn.Subscribe("av.*.objects", show); err != nil {
		log.Fatalf("subscribe: %v", err)
	}
	<-ctx.Done()
}

func show(m *nats.Msg) {
	var list fusionv1.ObjectList
	if err := proto.Unmarshal(m.Data, &list); err != nil {
		log.Printf("%s: %v", m.Subject, err)
		return
	}
	vehicle, stamp := strings.Split(m.Subject, ".")[1], time.Unix(0, list.GetHeader().GetStamp()).UTC().Format("15:04:05.000")
	mode := strings.TrimSpace(strings.TrimPrefix(list.GetMode().String(), "MODE_") + " " + list.GetModeReason())
	fmt.Printf("%s  %s  set %d  %d objects  %s\n", vehicle, stamp, list.GetSetId(), len(list.GetObjects()), mode)
	for _, o := range list.GetObjects() {
		rests := "not seen in this set"
		if shares := o.GetShares(); len(shares) > 0 {
			most := slices.MaxFunc(shares, func(a, b *fusionv1.SensorShare) int { return cmp.Compare(a.GetShare(), b.GetShare()) })
			rests = fmt.Sprintf("%s %.0f %%", most.GetSensor(), 100*most.GetShare())
		}
		at, v := o.GetCenter(), o.GetVelocity()
		fmt.Printf("  %5d  %-20s %.2f  x %6.1f  y %6.1f m  %5.1f m/s  %s\n", o.GetId(), o.GetClass(), o.GetScore(),
			at.GetX(), at.GetY(), math.Hypot(v.GetX(), v.GetY()), rests)
	}
}
