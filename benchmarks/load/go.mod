module raven-realtime/load

go 1.21
