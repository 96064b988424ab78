# After `pulumi destroy`: removes what an interrupted update may have left of this stack, containers and volumes.
set -eu
for container in $(docker ps -aq --filter "label=$STACK_LABEL=$STACK"); do docker rm -f "$container" >/dev/null; done
for volume in $(docker volume ls -q --filter "label=$STACK_LABEL=$STACK"); do docker volume rm "$volume" >/dev/null; done
echo "nothing of $STACK is left"
